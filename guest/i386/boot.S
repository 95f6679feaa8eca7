// The start of the 32-bit conformance guest, by Multiboot 0.6.96: in protected mode without paging.
#include "guest/i386/selectors.h"

    .section .multiboot, "a"
    .balign 4
    .long 0x1BADB002, 0, -0x1BADB002

    .text
    .global start
start:
    movl $stack_end, %esp
    lgdt gdt_pointer
    ljmp $KERNEL_CODE, $1f
1:  movl $KERNEL_DATA, %eax
    movl %eax, %ss
    movl $USER_DATA, %eax       // for both rings, so that a return to ring 3 leaves them
    movl %eax, %ds
    movl %eax, %es
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    call main
1:  cli
    hlt
    jmp 1b

    .data
    .balign 8
    .global gdt
gdt:
    .quad 0
    .quad 0x00CF9B000000FFFF    // KERNEL_CODE
    .quad 0x00CF93000000FFFF    // KERNEL_DATA
    .quad 0x00CFFB000000FFFF    // USER_CODE
    .quad 0x00CFF3000000FFFF    // USER_DATA
    .quad 0                     // TASK: interrupts.cpp
gdt_end:
gdt_pointer:
    .word gdt_end - gdt - 1
    .long gdt

    .bss
    .balign 16
    .skip 16384
stack_end:
    .section .note.GNU-stack, "", @progbits
