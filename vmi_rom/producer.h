#pragma once
// The ring's producer side: how an entry of the ROM queues a call.
//
// An interrupt handler may call the ROM itself: queue a call, flush, leave the mode, enter it
// again. To a handler, therefore, the four words of an entry, the mirror of the register that it
// changes and the publication must be one step, so all of them are written with interrupts off.
// (Publication by a compare-exchange alone would not be enough. A handler that queues a call
// between two words of our entry takes the very slot that we are writing, and publishes it; our
// remaining words then overwrite what it published. The unit tests show this.) CLI and POPF cost no
// VM exit. NMI handlers must not call the ROM.

#include "shared/call_number.h"
#include "shared/call_table.h"
#include "shared/error.h"
#include "shared/vcpu_area.h"
#include "vmi_rom/machine.h"

#include <cstdint>

// Hidden symbols are addressed relative to RIP, without a table of addresses.
#pragma GCC visibility push(hidden)

namespace rom {

/// An abi::Error as the entries return it, in the whole of the register.
using Result = Word;

[[gnu::always_inline]] inline Result result(abi::Error error) {
    return static_cast<std::uint16_t>(error);
}

/// What kernels of this word size are answered for a call; the number is below abi::call_limit.
[[gnu::always_inline]] inline abi::Answer answer_to(std::uint32_t call) {
    const abi::ControlPage& control = area().control;
    return static_cast<abi::Answer>(
        load(for_32_bit_kernels ? control.answer_32[call] : control.answer[call]));
}

/// Whether there are queued entries that no drain has executed yet.
[[gnu::always_inline]] inline bool ring_has_entries(const abi::VcpuArea& vcpu_area = area()) {
    const abi::RingHeader& ring = vcpu_area.control.ring;
    return load(ring.head) != load(ring.tail);
}

/// The slot of the free-running index `index`. It is written so that the compiler addresses all of
/// its words by one register.
[[gnu::always_inline]] inline abi::RingEntry& entry_at(abi::VcpuArea& vcpu_area,
                                                       std::uint32_t index) {
    auto* const slot = in_register(reinterpret_cast<std::uint8_t*>(&vcpu_area) +
                                   index % abi::ring_capacity * sizeof(abi::RingEntry));
    return *reinterpret_cast<abi::RingEntry*>(slot + offsetof(abi::VcpuArea, entry));
}

/// The part of `queue` between CLI and POPFQ, for entries that have more to do there. Interrupts
/// are off on entry and on return.
template <class Update>
[[gnu::always_inline]] inline Result queue_locked(abi::VcpuArea& vcpu_area, abi::Call call, Word a,
                                                  Word b, Word c, Update update_mirrors) {
    abi::ControlPage& control = vcpu_area.control;
    static_assert(static_cast<std::uint32_t>(abi::LazyMode::none) == 0);
    if (is_zero(control.lazy_mode)) [[unlikely]] {
        update_mirrors(control);
        return vmcall(call, a, b, c);
    }
    // (clang-format 14 takes an attribute after `while` for a statement.)
    // clang-format off
    std::uint32_t tail = peek(control.ring.tail);
    while (tail - peek(control.ring.head) >= abi::ring_capacity) [[unlikely]] {
        // With interrupts as they were, since it may take long. A handler may fill the ring again.
        restore_interrupts();
        flush();
        disable_interrupts();
        tail = peek(control.ring.tail);
    }
    // After the flush, since the monitor writes the mirrors when it refuses a batch.
    update_mirrors(control);
    abi::RingEntry& entry = entry_at(vcpu_area, tail);
    // clang-format on
    // One store also writes the unused fields, as zero, so that the ring's contents are the same in
    // every run.
    store_word(reinterpret_cast<std::uint64_t&>(entry), static_cast<std::uint16_t>(call));
    store_word(entry.argument[0], a);
    store_word(entry.argument[1], b);
    store_word(entry.argument[2], c);
    increment(control.ring.tail);
    return result(abi::Error::none);
}

/// Queues a call if a lazy mode is set; otherwise executes it in a VM exit of its own.
/// `update_mirrors` writes the mirrors of the registers that the call changes. Returns what VMCALL
/// returned, or none if the call was queued.
///
/// A full ring is flushed first. If that batch is refused, this call is queued nevertheless, and
/// the monitor keeps the error in pending_error: it is reported once, when a lazy mode is next
/// left.
template <class Update>
[[gnu::always_inline]] inline Result queue(abi::Call call, Word a, Word b, Word c,
                                           Update update_mirrors) {
    abi::VcpuArea& vcpu_area = *in_register(&area());
    disable_interrupts();
    const Result error = queue_locked(vcpu_area, call, a, b, c, update_mirrors);
    restore_interrupts();
    return error;
}

[[gnu::always_inline]] inline Result queue(abi::Call call, Word a, Word b = 0, Word c = 0) {
    return queue(call, a, b, c, [](abi::ControlPage&) {});
}

} // namespace rom

#pragma GCC visibility pop
