#pragma once
// One handler for each family of exit reasons; exits/dispatch.cpp has the table.

namespace hv {

struct Vcpu;
struct GuestRegisters;

/// Called by the exit stub (cpu/vm_exit.S) with the guest's registers saved; returns to enter it.
extern "C" void handle_vm_exit(GuestRegisters& registers);

/// A handler leaves the vCPU ready for VM entry: instruction skipped, or exception injected.
using ExitHandler = void (*)(Vcpu&);

void handle_vmcall(Vcpu& vcpu);
void handle_cr_access(Vcpu& vcpu);
void handle_invlpg(Vcpu& vcpu);
void handle_ept_violation(Vcpu& vcpu);
void handle_ept_misconfig(Vcpu& vcpu);
void handle_exception_nmi(Vcpu& vcpu);
void handle_gdtr_idtr(Vcpu& vcpu);
void handle_ldtr_tr(Vcpu& vcpu);
void handle_cpuid(Vcpu& vcpu);
void handle_msr_read(Vcpu& vcpu);
void handle_msr_write(Vcpu& vcpu);
void handle_io_instruction(Vcpu& vcpu);
void handle_xsetbv(Vcpu& vcpu);
void handle_invd(Vcpu& vcpu);
void handle_undefined_instruction(Vcpu& vcpu);
void handle_triple_fault(Vcpu& vcpu);
void handle_task_switch(Vcpu& vcpu);
void handle_init_signal(Vcpu& vcpu);
[[gnu::cold, gnu::noinline]] void handle_unexpected(Vcpu& vcpu);

} // namespace hv
