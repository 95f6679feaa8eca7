// The exit and entry stubs: save and restore the guest's general registers around the C++ handler,
// and add what the round trip took to the vCPU's statistics.

#include "hypervisor/vcpu/layout.h"

.section .text

// RSP (from HOST_RSP) points just past Vcpu::registers, so the pushes fill that structure.
.macro leave_guest
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rdi
    pushq %rsi
    pushq %rbp
    pushq $0                                    // the slot of RSP, which the VMCS holds
    pushq %rbx
    pushq %rdx
    pushq %rcx
    pushq %rax
    movl $0, VCPU_IN_GUEST(%rsp)
.endm

.macro start_clock
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, VCPU_EXIT_TIME(%rsp)
    movq %rsp, %rdi
.endm

.macro stop_clock
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq VCPU_EXIT_TIME(%rsp), %rax
    addq $INSTRUCTIONS_OUTSIDE_CLOCK, %rax
    addq %rax, VCPU_MONITOR_TICKS(%rsp)
.endm

// HOST_RIP where the run is traced (trace/exit_trace.h): the clock starts anew after that has begun.
.global vm_exit_entry_traced
vm_exit_entry_traced:
    leave_guest
    start_clock
    call begin_exit_trace
    start_clock
    call handle_vm_exit
    stop_clock
    movq %rsp, %rdi
    call end_exit_trace
    jmp entry_window_begin

.global vm_exit_entry
vm_exit_entry:
    leave_guest
    start_clock
    call handle_vm_exit

    stop_clock

// Announces that it is about to run the guest, and only then checks for requests. A vCPU that asks
// does it the other way round: it sets the request, and then checks whether the guest runs
// (address_space/requests.cpp). XCHG keeps the two accesses in order. A kick that comes after the
// check finds RIP between entry_window_begin and entry_window_end, and sends the processor back to
// entry_restart (host/processor/host_exceptions.cpp).
.macro enter_guest instruction
1:  movl $1, %eax
    xchgl %eax, VCPU_IN_GUEST(%rsp)
    cmpl $0, VCPU_REQUESTS(%rsp)
    jne 2f
    popq %rax
    popq %rcx
    popq %rdx
    popq %rbx
    popq %rbp                                   // the slot of RSP
    popq %rbp
    popq %rsi
    popq %rdi
    popq %r8
    popq %r9
    popq %r10
    popq %r11
    popq %r12
    popq %r13
    popq %r14
    popq %r15
    \instruction
    jmp entry_failed
2:  movl $0, VCPU_IN_GUEST(%rsp)
    movq %rsp, %rdi
    call serve_before_entry
    jmp 1b
.endm

.global entry_window_begin
entry_window_begin:
    enter_guest vmresume
.global entry_window_end
entry_window_end:

// RSP points to Vcpu::registers again.
.global entry_restart
entry_restart:
    movl $0, VCPU_IN_GUEST(%rsp)
    movq %rsp, %rdi
    call serve_before_entry
    jmp entry_window_begin

// First entry: RDI points to Vcpu::registers. No NMI comes as a kick yet: nobody asks a vCPU that has
// not been started for anything that must be done at once.
.global vm_launch
vm_launch:
    movq %rdi, %rsp
    enter_guest vmlaunch

// All registers are the guest's. RSP points just past Vcpu::registers again, which still holds
// them.
entry_failed:
    leaq -128(%rsp), %rdi
    movq %rdi, %rsp
    movl $0, VCPU_IN_GUEST(%rsp)
    call vm_entry_failed
