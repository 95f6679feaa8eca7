#pragma once
// How a vCPU starts: it waits for a SIPI, and goes on in 64-bit mode, with the state that
// SetInitialAPState has given, or where the start-up code at the SIPI's vector leads.

#include "hypervisor/instructions/interpreter/startup.h"
#include "shared/error.h"
#include "shared/processors.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Makes the vCPU wait for a SIPI: it runs nothing, has no address space and no descriptor tables.
void wait_for_start(Vcpu& vcpu);

/// INIT. On the boot processor it is a reset of the machine, and ends the run.
void reset_vcpu(Vcpu& vcpu);

/// A SIPI has come, with the vector in `startup_page`. When the state, or the code, cannot be
/// accepted, the reason is printed, and the vCPU goes on waiting. Does nothing if the vCPU runs.
void start_vcpu(Vcpu& vcpu);

/// Does all that others have asked of this vCPU, INIT and SIPI included. Called when the vCPU holds
/// no lock.
void serve_all_requests(Vcpu& vcpu);

/// SetInitialAPState: what vCPU `number` starts with at its next SIPI. Judges what can be judged
/// now. Errors: bad_vcpu, vcpu_running, bad_cr0, bad_cr3, bad_cr4, bad_value, bad_address.
abi::Error order_start(Vcpu& vcpu, std::uint32_t number, const abi::InitialState& state);

/// What interpreted start-up code may ask of a vCPU. With the page tables locked.
StartupEnvironment startup_environment(Vcpu& vcpu);

/// Loads a state in 64-bit mode into the vCPU. Errors: those of the register loads; bad_selector.
abi::Error load_start_state(Vcpu& vcpu, const StartupState& state);

/// The same for a vCPU that left 64-bit mode and comes back: what the state does not name stays as
/// it was.
abi::Error load_state_again(Vcpu& vcpu, const StartupState& state);

/// load_start_state() from what a kernel has given: hidden parts of segments come from its GDT.
abi::Error load_initial_state(Vcpu& vcpu, const abi::InitialState& initial);

} // namespace hv
