#pragma once
// The ring in which the ROM queues calls, and from which the monitor drains them (docs/abi.md, "The
// ring").

#include <cstddef>
#include <cstdint>

namespace abi {

/// The number of entries that a ring holds: all updates of a page table, 512, fit into one flush.
inline constexpr std::uint32_t ring_capacity = 512;
static_assert((ring_capacity & (ring_capacity - 1)) == 0, "an index becomes a slot by masking");

/// The number of arguments of a queued call, and of a VMCALL (RDI, RSI, RDX).
inline constexpr std::uint32_t max_arguments = 3;

/// One queued call. The guest writes it; the monitor reads each word of it once.
struct RingEntry {
    std::uint16_t call;     ///< an abi::Call
    std::uint16_t unused16; ///< ignored by the monitor
    std::uint32_t unused32; ///< ignored by the monitor
    std::uint64_t argument[max_arguments];
};
static_assert(sizeof(RingEntry) == 32);
static_assert(offsetof(RingEntry, argument) == 8);

/// The indices are free-running: entry i lies in slot i mod ring_capacity, and tail - head entries
/// are queued. The one producer, the ROM on this vCPU, writes `tail`; the one consumer, the monitor
/// on this vCPU, writes `head` and all fields after it. Both run on the same processor, so no
/// fences are needed.
struct alignas(64) RingHeader {
    std::uint32_t tail;          ///< the next index to be published; the ROM's
    std::uint32_t head;          ///< the next index to be drained; the monitor's
    std::uint32_t refused_index; ///< the index of the entry that was refused last
    std::uint16_t refused_error; ///< its Error
    std::uint16_t refused_call;  ///< its call number, as the guest wrote it
    std::uint32_t refusals;      ///< batches that a refused entry has ended, free-running
    std::uint32_t discarded;     ///< entries that followed a refused one, free-running
    /// The error of a refused batch which has not been reported yet. The ROM reports it when a lazy
    /// mode is left, and clears it.
    std::uint32_t pending_error;
    std::uint32_t unused[9];
};
static_assert(sizeof(RingHeader) == 64);
static_assert(offsetof(RingHeader, head) == 4);
static_assert(offsetof(RingHeader, pending_error) == 24);

} // namespace abi
