// SetPxE and SetPxELong for 32-bit kernels. Their page tables are not registered, so an entry that
// no SetLinearMapping covers is stored as the kernel itself would. A change by a call is complete,
// cached translations included, when it is executed: the flags, which can only ask for less, are
// not passed on.

#include "vmi_rom/i386/page_tables.h"

#include "vmi_rom/linear_mapping.h"

namespace rom {

namespace {

void store_entry(Word address, std::uint32_t value) {
    *reinterpret_cast<volatile std::uint32_t*>(address) = value;
}

/// Changes the entry at `entry`; `high` is the upper half of one of 8 bytes.
[[gnu::always_inline]] inline Result change(abi::Call call, Word low, Word entry, Word high) {
    abi::VcpuArea& vcpu_area = *in_register(&area());
    disable_interrupts();
    const Word address = physical(vcpu_area.control, entry);
    if (address != not_mapped) [[likely]] {
        const Result error =
            queue_locked(vcpu_area, call, low, address, high, [](abi::ControlPage&) {});
        restore_interrupts();
        return error;
    }
    restore_interrupts();
    const Result error = ring_has_entries(vcpu_area) ? flush() : result(abi::Error::none);
    if (call == abi::Call::set_pxe_long) {
        store_entry(entry + sizeof(high), high); // first: the present bit is in the lower half
    }
    store_entry(entry, low);
    return error;
}

} // namespace

Result set_pxe(Argument value, Argument entry, Argument) {
    return change(abi::Call::set_pxe, value, entry, 0);
}

Result set_pxe_long(std::uint64_t value, Argument entry, Argument) {
    return change(abi::Call::set_pxe_long, static_cast<Word>(value), entry,
                  static_cast<Word>(value >> 32));
}

} // namespace rom
