// Interrupt entry: one stub for each vector, one common path.

#include "guest/kernel/interrupts/stub_vectors.h"

#define FRAME_CS 24 // from RSP when only vector and error code are pushed

    .text

// The vectors that push an error code (Intel SDM vol. 3, table 6-1).
.macro interrupt_stub vector
    .balign 16
    .if (\vector == 8) || ((\vector >= 10) && (\vector <= 14)) || (\vector == 17) || (\vector == 21)
    .else
    pushq $0
    .endif
    pushq $\vector
    jmp interrupt_common
.endm

    .balign 16
    .global interrupt_stubs
interrupt_stubs:
    .altmacro
    .set vector, 0
    .rept VECTORS_IN_ORDER
    interrupt_stub %vector
    .set vector, vector + 1
    .endr
    interrupt_stub %SYSTEM_CALL_VECTOR
    interrupt_stub %TEST_VECTOR
    .set vector, FIRST_PROCESSOR_VECTOR
    .rept PROCESSOR_VECTORS
    interrupt_stub %vector
    .set vector, vector + 1
    .endr
    interrupt_stub %SPURIOUS_VECTOR
    .noaltmacro
    .balign 16

interrupt_common:
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
1:  pushq %rax
    pushq %rbx
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %rbp
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    cld
    movq %rsp, %rdi
    call handle_interrupt

    // A new task starts here, on a frame that looks like an interrupted one.
    .global return_from_interrupt
return_from_interrupt:
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rbp
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rbx
    popq %rax
    testb $3, FRAME_CS(%rsp)
    jz 1f
    swapgs
1:  addq $16, %rsp
    iretq
