#include "vmi_rom/producer.h"

namespace rom {

namespace {

constexpr auto no_mode = static_cast<std::uint32_t>(abi::LazyMode::none);

Result enter(std::uint32_t mode) {
    abi::ControlPage& control = area().control;
    if (compare_exchange(control.lazy_mode, no_mode, mode)) {
        return result(abi::Error::none);
    }
    increment(control.nested_mode_errors);
    return result(abi::Error::nested_lazy_mode);
}

Result leave() {
    abi::ControlPage& control = area().control;
    if (is_zero(control.lazy_mode)) [[unlikely]] {
        increment(control.unpaired_mode_errors);
        return result(abi::Error::unpaired_lazy_mode);
    }
    // The mode ends before the flush: what a handler queued in between would be left behind.
    store(control.lazy_mode, no_mode);
    const Result flush_error = ring_has_entries() ? flush() : result(abi::Error::none);
    // A refused batch, whichever exit drained it, has left its error here; VMCALL returned the same
    // one. An error that is no batch's (not privileged) is only in what VMCALL returned. Where a
    // handler has left a mode since, the batch's error was reported there.
    const std::uint32_t pending =
        is_zero(control.ring.pending_error) ? 0 : exchange(control.ring.pending_error, 0);
    if (pending != 0) [[unlikely]] {
        return pending;
    }
    const Result not_privileged = result(abi::Error::not_privileged);
    return flush_error == not_privileged ? not_privileged : result(abi::Error::none);
}

} // namespace

Result set_lazy_mode(std::uint32_t mode) {
    switch (static_cast<abi::LazyMode>(mode)) {
    case abi::LazyMode::none:
        return leave();
    case abi::LazyMode::mmu:
    case abi::LazyMode::cpu:
        return enter(mode);
    }
    increment(area().control.unknown_mode_errors);
    return result(abi::Error::unknown_lazy_mode);
}

void halt() {
    // Off, so that no handler queues behind the flush: its entries would wait for the halt's end.
    keep_interrupts_off();
    if (ring_has_entries()) {
        flush();
    }
    wait_for_interrupt();
}

} // namespace rom
