#pragma once
// How a run ends: with the summary of its exits, and the emulator's own end.

#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

/// The guest asked for the end: prints the exits of all vCPUs by reason, then ends the run with
/// `status`.
[[noreturn]] void end_of_guest(Vcpu& vcpu, std::uint32_t status);

/// Prints the exits of all vCPUs by reason, as `perf kvm stat` does.
void print_summary(const VirtualMachine& machine);

/// Prints the guest's registers and where it was.
void print_guest_state(Vcpu& vcpu);

} // namespace hv
