// The exit and entry stubs: save and restore the guest's general registers around the C++ handler,
// and add what the round trip took to the vCPU's statistics.

#include "hypervisor/vcpu/layout.h"

.section .text

// RSP points behind Vcpu::registers (HOST_RSP), so the pushes fill that structure.
.global vm_exit_entry
vm_exit_entry:
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
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, VCPU_EXIT_TIME(%rsp)
    movq %rsp, %rdi
    call handle_vm_exit

    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq VCPU_EXIT_TIME(%rsp), %rax
    addq $INSTRUCTIONS_OUTSIDE_CLOCK, %rax
    addq %rax, VCPU_MONITOR_TICKS(%rsp)
.macro restore_guest_registers
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
.endm
    restore_guest_registers
    vmresume
    jmp entry_failed

// First entry: RDI points to Vcpu::registers.
.global vm_launch
vm_launch:
    movq %rdi, %rsp
    restore_guest_registers
    vmlaunch

// All registers are the guest's; RSP is behind Vcpu::registers again, which still holds them.
entry_failed:
    leaq -128(%rsp), %rdi
    movq %rdi, %rsp
    call vm_entry_failed
