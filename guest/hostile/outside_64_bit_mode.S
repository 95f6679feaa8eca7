// Leaves 64-bit mode, and comes back (mode_attacks.cpp).

#include "guest/hostile/outside_64_bit_mode.h"

#define PAGING_BIT 31

    .text

// hostile_leave(code, code_selector, journey)
    .global hostile_leave
hostile_leave:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movl %ds, %eax
    pushq %rax
    movl %es, %eax
    pushq %rax
    movl %ss, %eax
    pushq %rax
    leaq back(%rip), %rax
    pushq %rax
    movq %rsp, JOURNEY_STACK_POINTER(%rdx)
    movl $JOURNEY_DATA_SELECTOR, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    leaq JOURNEY_STACK_POINTER(%rdx), %rsp
    pushq %rsi
    pushq %rdi
    lretq

back:
    popq %rax
    movl %eax, %ss
    popq %rax
    movl %eax, %es
    popq %rax
    movl %eax, %ds
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret

// EDX: the journey.
    .global hostile_outside
hostile_outside:
    .code32
    movl %cr0, %ebx
    movl %ebx, %eax
    btrl $PAGING_BIT, %eax
    movl %eax, %cr0
    lgdtl JOURNEY_GDT(%edx)
    movl JOURNEY_ROOT(%edx), %eax
    movl %eax, %cr3
    movl JOURNEY_STORE_TO(%edx), %eax
    testl %eax, %eax
    jz 1f
    movl %eax, (%eax)
1:  movl %ebx, %cr0
    call 2f
2:  popl %eax
    addl $(3f - 2b), %eax
    pushl $JOURNEY_CODE_SELECTOR
    pushl %eax
    lretl
    .code64
3:  movq (%rsp), %rsp
    retq
    .global hostile_outside_end
hostile_outside_end:
