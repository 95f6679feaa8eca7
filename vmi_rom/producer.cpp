// SetLazyMode and Halt.

#include "vmi_rom/producer.h"

#include "vmi_rom/entries.h"

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
        // Kernels of VMI's time do this at each temporary mapping.
        if constexpr (for_32_bit_kernels) {
            return result(abi::Error::none);
        }
        increment(control.unpaired_mode_errors);
        return result(abi::Error::unpaired_lazy_mode);
    }
    // The mode ends before the flush. Otherwise what a handler queues between the two would stay in
    // the ring.
    store(control.lazy_mode, no_mode);
    const Result flush_error = ring_has_entries() ? flush() : result(abi::Error::none);
    // If a batch was refused, its error is here, whichever exit drained it; VMCALL has returned the
    // same error. An error that does not come from a batch (not_privileged) is only in what VMCALL
    // returned. If a handler has left a mode since then, the error of the batch was reported there.
    const std::uint32_t pending =
        is_zero(control.ring.pending_error) ? 0 : exchange(control.ring.pending_error, 0);
    if (pending != 0) [[unlikely]] {
        return pending;
    }
    const Result not_privileged = result(abi::Error::not_privileged);
    return flush_error == not_privileged ? not_privileged : result(abi::Error::none);
}

} // namespace

// Entering a mode while one is set, leaving while none is set, and an unknown number are counted
// and refused; the mode stays as it is, and so does all that is queued. Leaving executes what is
// queued, in one VM exit, or in none if another exit has drained it already. It returns the error
// of a batch that was refused since a mode was last left.
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

// Executes what is queued, then waits for an interrupt with interrupts enabled.
void halt() {
    // Interrupts are off, so that no handler queues a call after the flush: the entry would wait
    // for the end of the halt.
    keep_interrupts_off();
    if (ring_has_entries()) {
        flush();
    }
    wait_for_interrupt();
}

} // namespace rom
