#pragma once
// What bounds the time of a VM exit (docs/monitor.md, "How long a VM exit can take"). When an exit
// has taken long enough, what takes long is left to the next one. The vCPU returns to the
// instruction that caused the exit, where an interrupt can be taken, and executes it again. A batch
// thus stops between two entries, and each entry is executed once.

#include "hypervisor/translation/paused.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Ticks of the TSC since the VM exit, after which no long call begins.
inline constexpr std::uint64_t pause_ticks = 200'000;

/// Whether a call that takes long must wait for the next VM exit. To be asked before it does
/// anything.
bool must_pause(const Vcpu& vcpu);
/// The same before a call that takes at most some thousand instructions: such calls go on for twice
/// as long, so that a full ring of them is executed in one exit.
bool must_pause_before_short_call(const Vcpu& vcpu);

/// Whether the cause of this exit comes again when the guest goes back to the instruction that
/// exited, or to the event whose delivery did. An NMI, an interrupt, INIT and SIPI come from
/// elsewhere and only once; a triple fault leaves no guest to go back.
bool recurs_with_instruction(const Vcpu& vcpu);

/// Makes the guest return to the instruction that caused the VM exit, or repeats the event whose
/// delivery caused it. Returns false if the guest would not cause the exit again (an NMI, INIT):
/// then it must be handled now.
[[gnu::cold, gnu::noinline]] bool execute_again(Vcpu& vcpu);

} // namespace hv
