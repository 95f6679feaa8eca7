#pragma once
// Processors without descriptor-table exiting (profile `classic`): LGDT, LIDT, LLDT and LTR run
// without an exit, so those registers are compared in every exit (docs/profiles.md, "classic").

#include "shared/exit_reason.h"

namespace hv {

struct Vcpu;

/// Has ProtectedTables take over what the guest has loaded since the last exit, as if the load had
/// exited. A load that is refused is undone, counted and named. TR is left for a later exit when
/// this exit is an exception: LTR faults when it marks its descriptor busy, and by then Bochs has
/// already loaded TR.
[[gnu::cold, gnu::noinline]] void follow_descriptor_registers(Vcpu& vcpu, abi::ExitReason reason);

} // namespace hv
