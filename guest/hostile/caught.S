// The context to which a caught exception returns, and the entry to ring 3.

#define USER_DATA_SELECTOR 0x1B // guest/kernel/cpu/segment.h

    .text

// hostile_call(function, argument, stack_pointer): as guest/hostile/caught.cpp says.
    .global hostile_call
hostile_call:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushfq
    movq %rsp, (%rdx)
    movq %rdi, %rax
    movq %rsi, %rdi
    call *%rax

    // An exception comes back here, with the stack pointer as it was before the call.
    .global hostile_landing
hostile_landing:
    popfq
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    cld
    ret

// hostile_enter_ring_3(start): guest/hostile/ring_3.h has the layout. Does not return.
    .global hostile_enter_ring_3
hostile_enter_ring_3:
    pushq $USER_DATA_SELECTOR
    pushq 8(%rdi)
    pushq 16(%rdi)
    pushq 24(%rdi)
    pushq 0(%rdi)
    movq 32(%rdi), %rax
    movq 48(%rdi), %rsi
    movq 56(%rdi), %rdx
    movq %rax, %rcx
    movq %rax, %rbx
    movq %rax, %rbp
    movq %rax, %r8
    movq %rax, %r9
    movq %rax, %r10
    movq %rax, %r11
    movq %rax, %r12
    movq %rax, %r13
    movq %rax, %r14
    movq %rax, %r15
    movq 40(%rdi), %rdi
    swapgs
    iretq
