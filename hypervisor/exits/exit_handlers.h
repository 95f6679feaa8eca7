#pragma once
// Exit handlers that belong to no other folder; exits/dispatch.cpp has the table of all.

namespace hv {

struct Vcpu;
struct GuestRegisters;

/// Called by the exit stub (exits/vm_exit.S) with the guest's registers saved; returns to enter the
/// guest again.
extern "C" void handle_vm_exit(GuestRegisters& registers);

/// A handler leaves the vCPU ready for VM entry: instruction skipped, or exception injected.
using ExitHandler = void (*)(Vcpu&);

void handle_cr_access(Vcpu& vcpu);
void handle_exception_nmi(Vcpu& vcpu);
void handle_xsetbv(Vcpu& vcpu);
void handle_invd(Vcpu& vcpu);
void handle_undefined_instruction(Vcpu& vcpu);
void handle_init_signal(Vcpu& vcpu);

} // namespace hv
