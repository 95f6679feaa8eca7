#include "hypervisor/calls/legacy_calls.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/vcpu/pause.h"

namespace hv {

using abi::Error;

namespace {

// What VMCALL finds in the upper halves of registers is not defined outside 64-bit mode.
std::uint32_t low_half(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

} // namespace

Error legacy_set_cr3(Vcpu& vcpu, std::uint64_t cr3, std::uint64_t, std::uint64_t) {
    return load_root_outside_long_mode(vcpu, low_half(cr3));
}

Error legacy_set_pxe(Vcpu& vcpu, std::uint64_t value, std::uint64_t gpa, std::uint64_t) {
    if (must_pause_before_short_call(vcpu))
        return paused;
    lock_page_tables(vcpu);
    return vcpu.machine->page_tables.set_small_entry(low_half(gpa), low_half(value));
}

Error legacy_set_pxe_long(Vcpu& vcpu, std::uint64_t low, std::uint64_t gpa, std::uint64_t high) {
    if (must_pause_before_short_call(vcpu))
        return paused;
    lock_page_tables(vcpu);
    return vcpu.machine->page_tables.set_entry(low_half(gpa), low_half(low) | high << 32);
}

Error legacy_inval_page(Vcpu& vcpu, std::uint64_t linear, std::uint64_t, std::uint64_t) {
    return call_inval_page(vcpu, low_half(linear), 0, 0);
}

} // namespace hv
