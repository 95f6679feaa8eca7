// System calls with all registers of x87, SSE and AVX in use (fpu_registers.h).

.set VECTOR, 8 * 16
.set MXCSR, VECTOR + 16 * 32
.set CONTROL_WORD, MXCSR + 4

.section .rodata
default_mxcsr:
    .long 0x1F80

// RDI: before; RSI: after; RDX: number; RCX, R8, R9: arguments.
.macro call_with name, move, register
    .globl \name
    .type \name, @function
\name:
    push %rbx
    mov %rsi, %rbx
    mov %rdx, %rax
    fninit
    fldcw CONTROL_WORD(%rdi)
    ldmxcsr MXCSR(%rdi)
    .irp number, 7, 6, 5, 4, 3, 2, 1, 0
    fldt \number * 16(%rdi)
    .endr
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \move VECTOR + \number * 32(%rdi), %\register\number
    .endr
    mov %rcx, %rdi
    mov %r8, %rsi
    mov %r9, %rdx
    syscall
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \move %\register\number, VECTOR + \number * 32(%rbx)
    .endr
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7
    fstpt \number * 16(%rbx)
    .endr
    stmxcsr MXCSR(%rbx)
    fnstcw CONTROL_WORD(%rbx)
    // The state that the calling convention requires.
    fninit
    ldmxcsr default_mxcsr(%rip)
.endm

.text
call_with call_with_sse, movups, xmm
    pop %rbx
    ret
call_with call_with_avx, vmovups, ymm
    vzeroupper
    pop %rbx
    ret

.section .note.GNU-stack, "", @progbits
