// SetCR3, GetCR3, and the roots that are loaded without a VM exit (docs/abi.md, "Roots without an
// exit").

#include "vmi_rom/entries.h"

namespace rom {

namespace {

/// The pair of `root`, or null. If the kernel asks for the value no_root, there is none: that value
/// marks a pair that is free.
[[gnu::always_inline]] inline const abi::RootPair* pair_of(const abi::ControlPage& control,
                                                           std::uint64_t root) {
#pragma GCC unroll 4
    for (const abi::RootPair& pair : control.root_pair) {
        if (peek(pair.guest_root) == root) {
            return root != abi::no_root ? &pair : nullptr;
        }
    }
    return nullptr;
}

} // namespace

// Queued while a lazy mode is set. But if the monitor offers a pair for the root and nothing is
// queued, then, in a lazy mode and outside, it is one MOV to CR3 without a VM exit.
Result set_cr3(Argument value) {
    if constexpr (for_32_bit_kernels) { // no pair is offered outside IA-32e mode
        return queue(abi::Call::set_cr3, value, 0, 0,
                     [value](abi::ControlPage& changed) { store_word(changed.cr3, value); });
    }
    abi::VcpuArea& vcpu_area = *in_register(&area());
    disable_interrupts();
    abi::ControlPage& control = vcpu_area.control;
    Result error = result(abi::Error::none);
    // What is queued comes first in the program, so the load must wait until it has been executed.
    const abi::RootPair* const pair =
        peek(control.ring.head) == peek(control.ring.tail) ? pair_of(control, value) : nullptr;
    if (pair != nullptr) {
        store_word(control.cr3, value);
        increment(control.root_loads);
        load_root(static_cast<Word>(peek(pair->loaded)), value);
    } else {
        error =
            queue_locked(vcpu_area, abi::Call::set_cr3, value, 0, 0,
                         [value](abi::ControlPage& changed) { store_word(changed.cr3, value); });
    }
    restore_interrupts();
    return error;
}

// The value that was asked for last, queued or not.
std::uint64_t get_cr3() { return load(area().control.cr3); }

} // namespace rom
