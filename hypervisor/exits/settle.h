#pragma once
// The end of a VM exit: what the handlers have left to be done once.

namespace hv {

struct Vcpu;

/// Does all that Vcpu::pending names (vcpu/pending.h), gives the lock of the page tables back, and
/// clears `pending`.
[[gnu::noinline]] void settle(Vcpu& vcpu);

} // namespace hv
