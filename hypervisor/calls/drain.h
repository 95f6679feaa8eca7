#pragma once
// The consumer's side of the ring (docs/abi.md, "Drain").

#include "hypervisor/vcpu/vcpu.h"

#include <cstdint>

namespace hv {

/// Executes the entries from the monitor's own head up to `tail`, in order. What the guest wrote is
/// read once, and nothing of it is believed: a tail too far ahead discards the batch (ring_index),
/// a refused entry ends it. Returns the error that ended the batch, or `paused` (calls/pause.h):
/// then the entries behind the monitor's head are still queued.
[[gnu::noinline]] abi::Error drain(Vcpu& vcpu, std::uint32_t tail);

/// Drains if the guest has published entries; returns as drain().
inline abi::Error drain_if_queued(Vcpu& vcpu) {
    const std::uint32_t tail =
        *const_cast<const volatile std::uint32_t*>(&vcpu.area->control.ring.tail);
    if (tail == vcpu.ring_head) [[likely]]
        return abi::Error::none;
    return drain(vcpu, tail);
}

} // namespace hv
