#pragma once
// How a run ends: with the summary of its exits, and the emulator's own end.

#include <cstdint>

namespace hv {

struct Vcpu;

/// The guest asked for the end: prints the exits by reason, then ends the run with `status`.
[[noreturn]] void end_of_guest(Vcpu& vcpu, std::uint32_t status);

/// Prints the exits by reason, as `perf kvm stat` does.
void print_summary(const Vcpu& vcpu);

/// Prints the guest's registers and where it was.
void print_guest_state(Vcpu& vcpu);

} // namespace hv
