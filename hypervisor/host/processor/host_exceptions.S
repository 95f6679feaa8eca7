// Exceptions in VMX root operation: a common frame for host_exceptions.cpp. An NMI returns, and so
// does a fault that a row of the exception table expects; everything else ends the run.

.section .text
.balign 16
.global host_exception_entries
host_exception_entries:
.set vector, 0
.rept 32
    .balign 16
    // Exceptions 8, 10 to 14, 17, 21, 29 and 30 push an error code.
    .if !((0x60227D00 >> vector) & 1)
    pushq $0
    .endif
    pushq $vector
    jmp host_exception
    .set vector, vector + 1
.endr

host_exception:
    pushq %rax
    pushq %rcx
    pushq %rdx
    pushq %rsi
    pushq %rdi
    pushq %r8
    pushq %r9
    pushq %r10
    pushq %r11
    leaq 9 * 8(%rsp), %rdi                      // ExceptionFrame
    movq %rsp, %rax
    andq $~15, %rsp
    pushq %rax
    pushq %rax
    call handle_host_exception
    popq %rsp
    popq %r11
    popq %r10
    popq %r9
    popq %r8
    popq %rdi
    popq %rsi
    popq %rdx
    popq %rcx
    popq %rax
    addq $16, %rsp
    iretq
