#pragma once
// How a vCPU starts: it waits for a SIPI, and goes on in 64-bit mode, with the state that
// SetInitialAPState has given, or where the start-up code at the SIPI's vector leads.

#include "hypervisor/instructions/interpreter/startup.h"
#include "shared/error.h"
#include "shared/processors.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// It waits: it runs nothing, is in no address space, and has no descriptor tables.
void wait_for_start(Vcpu& vcpu);

/// INIT. The boot processor's is a reset of the machine, and ends the run.
void reset_vcpu(Vcpu& vcpu);

/// A SIPI has come, with the vector in `startup_page`. When the state, or the code, cannot be
/// accepted, that is named on the console, and the vCPU waits on. Nothing for one that runs.
void start_vcpu(Vcpu& vcpu);

/// Does all that others have asked of this vCPU, INIT and SIPI too. After an exit's handler, when
/// it holds no lock.
void serve_all_requests(Vcpu& vcpu);

/// SetInitialAPState: what vCPU `number` starts with at its next SIPI. Judges what can be judged
/// now. Errors: bad_vcpu, vcpu_running, bad_cr0, bad_cr3, bad_cr4, bad_value, bad_address.
abi::Error order_start(Vcpu& vcpu, std::uint32_t number, const abi::InitialState& state);

/// What start-up code may ask a vCPU for, in an interpretation with the page tables locked.
StartupEnvironment startup_environment(Vcpu& vcpu);

/// Makes a state in 64-bit mode the vCPU's. Errors: those of the loads it stands for; bad_selector.
abi::Error load_start_state(Vcpu& vcpu, const StartupState& state);

/// The same for a vCPU that has left 64-bit mode and comes back: what the state does not name
/// stays.
abi::Error load_state_again(Vcpu& vcpu, const StartupState& state);

/// load_start_state() from what a kernel has given: hidden parts of segments come from its GDT.
abi::Error load_initial_state(Vcpu& vcpu, const abi::InitialState& initial);

} // namespace hv
