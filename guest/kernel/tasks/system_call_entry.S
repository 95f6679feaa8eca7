// The entry of SYSCALL, still on the user stack: return address in RCX, RFLAGS in R11, interrupts
// off (IA32_FMASK). Ring 3 keeps the callee-saved registers of the C convention.

#include "guest/kernel/cpu/cpu_offsets.h"

    .text
    .global system_call_entry
system_call_entry:
    swapgs
    movq %rsp, %gs:CPU_USER_STACK
    movq %gs:CPU_KERNEL_STACK, %rsp
    pushq %gs:CPU_USER_STACK
    pushq %r11
    pushq %rcx
    subq $8, %rsp // RSP is a multiple of 16 at the call
    movq %rdx, %rcx
    movq %rsi, %rdx
    movq %rdi, %rsi
    movq %rax, %rdi
    call system_call
    addq $8, %rsp
    // No value of the kernel may reach ring 3.
    xorl %edi, %edi
    xorl %esi, %esi
    xorl %edx, %edx
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    popq %rcx
    popq %r11
    popq %rsp
    swapgs
    sysretq
