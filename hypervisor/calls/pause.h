#pragma once
// What keeps a drain bounded (docs/monitor.md, "How long a drain can take"): a call that takes long
// waits for the next VM exit when this one has taken long enough. The vCPU goes back to the
// instruction that exited, where an interrupt can come, and executes it again. So a batch stops
// between two entries, and each is executed once.

#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Ticks of the TSC from a VM exit on, behind which no long call begins.
inline constexpr std::uint64_t pause_ticks = 200'000;

/// What a handler of a call returns that has done nothing and is to be called again. No Error of
/// the ABI: the guest never sees it.
inline constexpr auto paused = static_cast<abi::Error>(0xFFFF);

static_assert(static_cast<std::uint32_t>(paused) >= abi::error_count);

/// Whether a call that takes long is to wait for the next VM exit.
bool must_pause(const Vcpu& vcpu);

/// Whether the cause of this exit comes again when the guest goes back to the instruction that
/// exited, or to the event whose delivery did. An NMI, an interrupt, INIT and SIPI come from
/// elsewhere and only once; a triple fault leaves no guest to go back.
bool recurs_with_instruction(const Vcpu& vcpu);

/// Has the guest go back to the instruction that exited, or to the event whose delivery did. False
/// where it does not execute the cause again (an NMI, INIT): that must be handled now.
[[gnu::cold, gnu::noinline]] bool execute_again(Vcpu& vcpu);

} // namespace hv
