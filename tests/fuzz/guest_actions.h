#pragma once
// What a guest does in one step: a call, a store, an instruction that exits. The processor's part
// of it is done, too.

#include "tests/fuzz/fuzz_machine.h"

#include <cstdint>

namespace hv::fuzz {

/// The vCPU that runs exits, with what the processor saves in the VMCS already in place. False when
/// the run has ended.
bool exit(FuzzMachine& machine, abi::ExitReason reason);

/// VMCALL. False when the run has ended.
bool hypercall(FuzzMachine& machine, std::uint64_t call, std::uint64_t first, std::uint64_t second,
               std::uint64_t third);
/// Any call with any arguments.
bool any_hypercall(Input& input, FuzzMachine& machine);

/// A store of the kernel's by one of the instructions in the code page: plain where the guest may
/// write, an exit where it may not; while one is stepped, into the copy. False when the run has
/// ended.
bool any_store(Input& input, FuzzMachine& machine);

/// Writes ring entries and the tail, as a hostile kernel would.
void any_ring(Input& input, FuzzMachine& machine);

/// Goes on with another vCPU, if there is one that runs.
void switch_vcpu(Input& input, FuzzMachine& machine);

} // namespace hv::fuzz
