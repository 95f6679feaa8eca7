#pragma once
// The ring's producer side: queue a call, enter and leave a lazy mode.
//
// An interrupt handler may itself call the ROM: queue, flush, leave the mode, enter it again. So
// the four words of an entry, its publication and the shadow copy that announces it must be one
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

/// Queues a call if a lazy mode is set, else executes it in its own VM exit. `update_shadow` writes
/// the shadow copies that the call changes. Returns what VMCALL returned, or none when queued.
///
/// A full ring is flushed first. If that batch is refused, this call is queued all the same and the
/// monitor keeps the error in pending_error: the next leave reports it, once.
template <class Update>
[[gnu::always_inline]] inline Result queue(abi::Call call, std::uint64_t a, std::uint64_t b,
                                           std::uint64_t c, Update update_shadow) {
    abi::ControlPage& control = area().control;
    const SavedFlags flags = disable_interrupts();
    Result error = result(abi::Error::none);
    if (load(control.lazy_mode) == static_cast<std::uint32_t>(abi::LazyMode::none)) {
        update_shadow(control);
        error = vmcall(call, a, b, c);
    } else {
        const std::uint32_t tail = load(control.ring.tail);
        if (tail - load(control.ring.head) >= abi::ring_capacity) [[unlikely]] {
            vmcall(abi::Call::flush);
        }
        // Behind the flush: a refused batch makes the monitor write the shadow copies.
        update_shadow(control);
        abi::RingEntry& entry = in_register(area().entry)[tail % abi::ring_capacity];
        // One word: the unused halves are zero, so that a ring's contents are the same every run.
        store(reinterpret_cast<std::uint64_t&>(entry),
              std::uint64_t{static_cast<std::uint16_t>(call)});
        store(entry.argument[0], a);
        store(entry.argument[1], b);
        store(entry.argument[2], c);
        store(control.ring.tail, tail + 1);
    }
    restore_interrupts(flags);
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
