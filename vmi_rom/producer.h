#pragma once
// The ring's producer side: queue a call, enter and leave a lazy mode.
//
// An interrupt handler may itself call the ROM: queue, flush, leave the mode, enter it again. So
// the four words of an entry, its publication and the mirror that announces it must be one
// step to a handler: they are written with interrupts off. (Publishing by compare-exchange alone
// is not enough: a handler that queues between two words of our entry takes the very slot we are
// writing, publishes it, and our remaining words then overwrite what it published. The unit tests
// show it.) CLI and POPF cost no VM exit. A handler of NMIs must not call the ROM.

#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/vcpu_area.h"
#include "vmi_rom/machine.h"

#include <cstdint>

// Addressed relative to RIP, without a table of addresses.
#pragma GCC visibility push(hidden)

namespace rom {

/// An abi::Error as the entries return it: the whole of RAX.
using Result = std::uint64_t;

[[gnu::always_inline]] inline Result result(abi::Error error) {
    return static_cast<std::uint16_t>(error);
}

/// Whether entries are queued that no drain has executed yet.
[[gnu::always_inline]] inline bool ring_has_entries() {
    const abi::RingHeader& ring = area().control.ring;
    return load(ring.head) != load(ring.tail);
}

/// The slot of `index`. Spelt so that one register addresses all words of it.
[[gnu::always_inline]] inline abi::RingEntry& entry_at(abi::VcpuArea& vcpu_area,
                                                       std::uint32_t index) {
    auto* const slot = in_register(reinterpret_cast<std::uint8_t*>(&vcpu_area) +
                                   index % abi::ring_capacity * sizeof(abi::RingEntry));
    return *reinterpret_cast<abi::RingEntry*>(slot + offsetof(abi::VcpuArea, entry));
}

/// The part of `queue` between CLI and POPFQ, for entries that have more to do there.
template <class Update>
[[gnu::always_inline]] inline Result queue_locked(abi::VcpuArea& vcpu_area, abi::Call call,
                                                  std::uint64_t a, std::uint64_t b, std::uint64_t c,
                                                  Update update_shadow) {
    abi::ControlPage& control = vcpu_area.control;
    static_assert(static_cast<std::uint32_t>(abi::LazyMode::none) == 0);
    if (is_zero(control.lazy_mode)) [[unlikely]] {
        update_shadow(control);
        return vmcall(call, a, b, c);
    }
    // (clang-format 14 takes an attribute behind while for a statement.)
    // clang-format off
    std::uint32_t tail = peek(control.ring.tail);
    while (tail - peek(control.ring.head) >= abi::ring_capacity) [[unlikely]] {
        // With interrupts as they were: it may take long. A handler may fill the ring again.
        restore_interrupts();
        flush();
        disable_interrupts();
        tail = peek(control.ring.tail);
    }
    // Behind the flush: a refused batch makes the monitor write the mirrors.
    update_shadow(control);
    abi::RingEntry& entry = entry_at(vcpu_area, tail);
    // clang-format on
    // One word: the unused halves are zero, so that a ring's contents are the same every run.
    store(reinterpret_cast<std::uint64_t&>(entry), std::uint64_t{static_cast<std::uint16_t>(call)});
    store(entry.argument[0], a);
    store(entry.argument[1], b);
    store(entry.argument[2], c);
    increment(control.ring.tail);
    return result(abi::Error::none);
}

/// Queues a call if a lazy mode is set, else executes it in its own VM exit. `update_shadow` writes
/// the mirrors that the call changes. Returns what VMCALL returned, or none when queued.
///
/// A full ring is flushed first. If that batch is refused, this call is queued all the same and the
/// monitor keeps the error in pending_error: the next leave reports it, once.
template <class Update>
[[gnu::always_inline]] inline Result queue(abi::Call call, std::uint64_t a, std::uint64_t b,
                                           std::uint64_t c, Update update_shadow) {
    disable_interrupts();
    const Result error = queue_locked(*in_register(&area()), call, a, b, c, update_shadow);
    restore_interrupts();
    return error;
}

[[gnu::always_inline]] inline Result queue(abi::Call call, std::uint64_t a, std::uint64_t b = 0,
                                           std::uint64_t c = 0) {
    return queue(call, a, b, c, [](abi::ControlPage&) {});
}

/// SetLazyMode. Entering a mode while one is set, leaving while none is set and an unknown number
/// are counted and refused; the mode and all that is queued stay as they are.
/// Leaving executes what is queued in one VM exit, or in none if another exit drained it already,
/// and returns the error of a batch that was refused since the last leave.
Result set_lazy_mode(std::uint32_t mode);

/// Halt: executes what is queued, then waits for an interrupt with interrupts enabled.
void halt();

} // namespace rom

#pragma GCC visibility pop
