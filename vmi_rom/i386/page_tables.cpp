// SetPxE and SetPxELong for 32-bit kernels. Their page tables are not registered, so an entry that
// no SetLinearMapping covers is stored as the kernel itself would. A change by a call is complete,
// cached translations included, when it is executed: the flags, which can only ask for less, are
// not passed on.

#include "vmi_rom/i386/page_tables.h"

#include "vmi_rom/linear_mapping.h"

namespace rom {

namespace {

void store_entry(Word entry, std::uint32_t value) {
    *reinterpret_cast<volatile std::uint32_t*>(entry) = value;
}

// The low half has the present bit.
void store_entry(Word entry, std::uint32_t low, std::uint32_t high) {
    store_entry(entry + sizeof(high), high);
    store_entry(entry, low);
}

} // namespace

Result set_pxe(Argument value, Argument entry, Argument) {
    abi::VcpuArea& vcpu_area = *in_register(&area());
    disable_interrupts();
    const Word address = physical(vcpu_area.control, entry);
    if (address != not_mapped) [[likely]] {
        const Result error = queue_locked(vcpu_area, abi::Call::set_pxe, value, address, 0,
                                          [](abi::ControlPage&) {});
        restore_interrupts();
        return error;
    }
    restore_interrupts();
    const Result error = ring_has_entries(vcpu_area) ? flush() : result(abi::Error::none);
    store_entry(entry, value);
    return error;
}

Result set_pxe_long(std::uint64_t value, Argument entry, Argument) {
    abi::VcpuArea& vcpu_area = *in_register(&area());
    const auto low = static_cast<Word>(value);
    const auto high = static_cast<Word>(value >> 32);
    disable_interrupts();
    const Word address = physical(vcpu_area.control, entry);
    if (address != not_mapped) [[likely]] {
        const Result error = queue_locked(vcpu_area, abi::Call::set_pxe_long, low, address, high,
                                          [](abi::ControlPage&) {});
        restore_interrupts();
        return error;
    }
    restore_interrupts();
    const Result error = ring_has_entries(vcpu_area) ? flush() : result(abi::Error::none);
    store_entry(entry, low, high);
    return error;
}

} // namespace rom
