#pragma once
// The consumer's side of the ring: its entries are executed (docs/abi.md, "Drain").

#include "hypervisor/vcpu/vcpu.h"

#include <cstdint>

namespace hv {

/// Executes the entries from the monitor's own head up to `tail`, in order. What the guest wrote is
/// read once, and none of it is trusted. If `tail` is further ahead than the ring is long, the
/// whole batch is discarded (ring_index); a refused entry ends the batch. Returns the error that
/// ended it, Error::none, or `paused` (vcpu/pause.h): then the entries from the monitor's head on
/// are still queued.
[[gnu::noinline]] abi::Error drain(Vcpu& vcpu, std::uint32_t tail);

/// Drains the ring if the guest has published entries. Returns the same as drain().
inline abi::Error drain_if_queued(Vcpu& vcpu) {
    const std::uint32_t tail =
        *const_cast<const volatile std::uint32_t*>(&vcpu.area->control.ring.tail);
    if (tail == vcpu.ring_head) [[likely]]
        return abi::Error::none;
    return drain(vcpu, tail);
}

} // namespace hv
