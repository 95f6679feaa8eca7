// Start-up code of a processor that is not given its state by a monitor: it leads from real mode to
// the upper half. It is copied to TRAMPOLINE_BASE, where it is mapped for reading and executing
// only. It uses plain instructions only, because a monitor runs them in an interpreter.

#include "guest/kernel/boot/trampoline.h"

#define MSR_EFER 0xC0000080
#define AT(symbol) (TRAMPOLINE_BASE + (symbol) - trampoline)

    .section .rodata, "a"
    .balign 16
    .code16
    .global trampoline
trampoline: // CS = TRAMPOLINE_BASE / 16, IP = 0
    cli
    movw %cs, %ax
    movw %ax, %ds
    lgdtl trampoline_gdt_pointer - trampoline
    movl %cr0, %eax
    orl $1, %eax
    movl %eax, %cr0
    .global trampoline_first_jump
trampoline_first_jump:
    ljmpl $0x18, $AT(protected_mode)

    .code32
protected_mode:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl AT(trampoline_data) + TRAMPOLINE_CR4, %eax
    movl %eax, %cr4
    movl AT(trampoline_data) + TRAMPOLINE_CR3, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    movl AT(trampoline_data) + TRAMPOLINE_EFER, %eax
    xorl %edx, %edx
    wrmsr
    movl AT(trampoline_data) + TRAMPOLINE_CR0, %eax
    movl %eax, %cr0
    ljmpl $0x08, $AT(long_mode)

    .code64
long_mode:
    movl $AT(trampoline_data), %ebx
    movq TRAMPOLINE_STACK(%rbx), %rsp
    movq TRAMPOLINE_CPU(%rbx), %rdi
    movq TRAMPOLINE_ENTRY(%rbx), %rax
    jmpq *%rax

    .balign 8
trampoline_gdt: // every descriptor is accessed, so that the processor writes nothing here
    .quad 0
    .quad 0x00AF9B000000FFFF // 64-bit code
    .quad 0x00CF93000000FFFF // data
    .quad 0x00CF9B000000FFFF // 32-bit code
trampoline_gdt_pointer:
    .word . - trampoline_gdt - 1
    .long AT(trampoline_gdt)

    .balign 8
    .global trampoline_data
trampoline_data:
    .fill TRAMPOLINE_DATA_SIZE, 1, 0
    .global trampoline_end
trampoline_end:

    // In the upper half, with a stack, and RDI = the processor's Cpu: both methods of starting a
    // processor continue here.
    .text
    .global secondary_entry
secondary_entry:
    xorl %ebp, %ebp
    call secondary_main
    ud2
