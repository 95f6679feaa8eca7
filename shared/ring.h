#pragma once
// The ring in which the ROM queues calls and from which the monitor drains them (docs/abi.md).

#include "shared/call_number.h"

#include <cstddef>
#include <cstdint>

namespace abi {

/// Entries a ring holds: a page-table loop of 512 entries fits one flush.
inline constexpr std::uint32_t ring_capacity = 512;
static_assert((ring_capacity & (ring_capacity - 1)) == 0, "indices are masked");

/// Arguments a queued call can carry; also the number a VMCALL takes (RDI, RSI, RDX).
inline constexpr std::uint32_t max_arguments = 3;

/// One queued call. The guest writes it, the monitor reads each word of it once.
struct RingEntry {
    std::uint16_t call;     ///< a Call
    std::uint16_t unused16; ///< ignored by the monitor
    std::uint32_t unused32; ///< ignored by the monitor
    std::uint64_t argument[max_arguments];
};
static_assert(sizeof(RingEntry) == 32);
static_assert(offsetof(RingEntry, argument) == 8);

/// Free-running indices: entry i lies in slot i mod ring_capacity; tail - head entries are queued.
/// One producer (the ROM on this vCPU) writes `tail`, one consumer (the monitor on this vCPU)
/// writes `head` and all fields behind it. Both sides run on one processor, so no fence is needed.
struct alignas(64) RingHeader {
    std::uint32_t tail;          ///< next index to be published; the ROM's
    std::uint32_t head;          ///< next index to be drained; the monitor's
    std::uint32_t refused_index; ///< index of the entry refused last
    std::uint16_t refused_error; ///< its Error
    std::uint16_t refused_call;  ///< its call number, as the guest wrote it
    std::uint32_t refusals;      ///< batches ended by a refused entry, free-running
    std::uint32_t discarded;     ///< entries that stood behind a refused one, free-running
    /// Error of a refused batch that no leave has reported yet; the ROM reads and clears it.
    std::uint32_t pending_error;
    std::uint32_t unused[9];
};
static_assert(sizeof(RingHeader) == 64);
static_assert(offsetof(RingHeader, head) == 4);
static_assert(offsetof(RingHeader, pending_error) == 24);

} // namespace abi
