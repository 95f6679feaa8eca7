// void switch_stack(uint64_t* save_stack_pointer, uint64_t stack_pointer) The word that takes the
// stack pointer is followed by Task::running.

    .text
    .global switch_stack
switch_stack:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    movq $0, 8(%rdi) // from here on another processor may run that task, or destroy it
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret
