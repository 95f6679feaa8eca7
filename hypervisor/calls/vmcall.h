#pragma once
// VMCALL: a call that is an exit of its own.

namespace hv {

struct Vcpu;

/// Drains nothing (the dispatch has); executes the call in RAX and leaves its Error there.
void handle_vmcall(Vcpu& vcpu);

} // namespace hv
