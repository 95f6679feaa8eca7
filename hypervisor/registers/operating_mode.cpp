#include "hypervisor/registers/operating_mode.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/registers/reset_state.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/paging_mode.h"

#include <array>

namespace hv {

using abi::Error;

namespace {

// The four page-directory-pointer-table entries, as MOV to CR3 loads them (4.4.1). False where one
// is present and has a reserved bit set; nothing is loaded then.
bool load_pointers(Vcpu& vcpu, std::uint64_t cr3) {
    constexpr std::array fields{Field::guest_pdpte0, Field::guest_pdpte1, Field::guest_pdpte2,
                                Field::guest_pdpte3};
    const VirtualMachine& machine = *vcpu.machine;
    std::array<std::uint64_t, fields.size()> entries{};
    for (std::uint32_t index = 0; index < fields.size(); ++index) {
        entries[index] = read_pae_pointer(machine, cr3, index);
        if (!is_valid_pae_pointer(machine, entries[index]))
            return false;
    }
    for (std::size_t index = 0; index < fields.size(); ++index)
        vcpu.vmcs.write(fields[index], entries[index]);
    return true;
}

// Has the guest's root lead to its page tables as they are in the mode that begins.
Error load_root_in(Vcpu& vcpu, PagingMode mode, std::uint64_t cr3) {
    const VirtualMachine& machine = *vcpu.machine;
    if (!machine.shadows.in_use()) {
        vcpu.vmcs.write(Field::guest_cr3, cr3);
        return mode != PagingMode::pae || load_pointers(vcpu, cr3) ? Error::none : Error::bad_cr3;
    }
    if (mode != PagingMode::four_level)
        return load_legacy_root(vcpu, mode, cr3);
    return machine.frames.of_address(cr3) != nullptr ? load_root_again(vcpu, cr3) : Error::bad_cr3;
}

// Whether paging may begin in IA-32e mode, or end there.
bool may_begin_long_mode(const Vcpu& vcpu) {
    const AccessRights tr{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::guest_tr_access_rights))};
    return (guest_cr4(vcpu) & cr4::physical_address_extension) != 0 && !in_64_bit_mode(vcpu) &&
           tr.type() != segment_type::tss_busy_16; // CS.L
}

bool may_end_long_mode(const Vcpu& vcpu) {
    return !in_64_bit_mode(vcpu) && (guest_cr4(vcpu) & cr4::pcid_enable) == 0;
}

} // namespace

void set_long_mode_active(Vcpu& vcpu, bool active) {
    const std::uint32_t control = vm_entry::ia32e_mode_guest;
    const std::uint32_t controls = vcpu.machine->controls.entry;
    vcpu.vmcs.write(Field::vm_entry_controls, active ? controls | control : controls & ~control);
    vcpu.efer = active ? vcpu.efer | efer::long_mode_active : vcpu.efer & ~efer::long_mode_active;
    vcpu.calls = active ? vcpu.machine->calls : vcpu.machine->legacy_calls;
    write_real_efer(vcpu, real_efer(vcpu));
}

Error follow_cr0(Vcpu& vcpu, std::uint64_t value) {
    const bool pages = (value & cr0::paging) != 0;
    const bool may_clear_pe = vcpu.machine->runs_in_every_mode();
    if ((value & cr0::protection_enable) == 0 && (pages || !may_clear_pe))
        return Error::bad_cr0;
    if (((guest_cr0(vcpu) ^ value) & cr0::paging) == 0)
        return Error::none;
    const bool was_active = in_ia32e_mode(vcpu);
    const bool is_active = pages && (vcpu.efer & efer::long_mode_enable) != 0;
    if ((was_active && !may_end_long_mode(vcpu)) || (is_active && !may_begin_long_mode(vcpu)))
        return Error::bad_cr0;
    const PagingMode mode =
        is_active ? PagingMode::four_level : paging_mode_of(value, guest_cr4(vcpu), 0);
    if (was_active != is_active)
        set_long_mode_active(vcpu, is_active);
    if (const Error error = load_root_in(vcpu, mode, guest_cr3(vcpu)); error != Error::none) {
        if (was_active != is_active)
            set_long_mode_active(vcpu, was_active);
        return error == Error::bad_cr3 ? Error::bad_cr0 : error;
    }
    drop_before_entry(vcpu, Stale::all);
    return Error::none;
}

Error follow_cr4(Vcpu& vcpu, std::uint64_t value) {
    VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t changed = guest_cr4(vcpu) ^ value;
    const bool pae = (value & cr4::physical_address_extension) != 0;
    if (in_ia32e_mode(vcpu))
        return pae ? Error::none : Error::bad_cr4;
    if ((value & cr4::pcid_enable) != 0)
        return Error::bad_cr4;
    const bool pages = (guest_cr0(vcpu) & cr0::paging) != 0;
    const bool changes_entries =
        machine.shadows.in_use() && (changed & cr4::page_size_extensions) != 0;
    if (changes_entries) {
        lock_page_tables(vcpu);
        if (!machine.translation.before_new_features())
            return paused;
    }
    const bool loads = pages && (machine.shadows.in_use() ? changed != 0 : pae);
    if (loads) {
        const PagingMode mode = paging_mode_of(cr0::paging, value, 0);
        if (const Error error = load_root_in(vcpu, mode, guest_cr3(vcpu)); error != Error::none)
            return error == Error::bad_cr3 ? Error::bad_cr4 : error;
    }
    if (changes_entries) {
        machine.features.large_pages = (value & cr4::page_size_extensions) != 0;
        machine.translation.set_features(machine.features);
    }
    return Error::none;
}

Error load_root_outside_long_mode(Vcpu& vcpu, std::uint64_t cr3) {
    if (const Error error = load_root_in(vcpu, paging_mode(vcpu), cr3); error != Error::none)
        return error;
    drop_before_entry(vcpu, Stale::non_global);
    return Error::none;
}

bool load_task_root(Vcpu& vcpu, std::uint32_t cr3) {
    if ((guest_cr0(vcpu) & cr0::paging) == 0)
        return true;
    // The old task has been left: there is no instruction to execute again.
    if (complete(vcpu, [&] { return load_root_outside_long_mode(vcpu, cr3); }) != Error::none)
        return false;
    vcpu.area->control.cr3 = cr3;
    return true;
}

namespace {

// Outside IA-32e mode, without paging.
void load_unpaged_state(Vcpu& vcpu, std::uint64_t cr0) {
    write_reset_state(vcpu);
    vcpu.cr0_shadow = cr0;
    write_guest_cr0(vcpu);
    write_guest_cr4(vcpu, 0);
    vcpu.efer = 0;
    set_long_mode_active(vcpu, false);
    if (vcpu.machine->shadows.in_use()) // without paging no root is refused
        (void)complete(vcpu, [&] { return load_legacy_root(vcpu, PagingMode::none, 0); });
    drop_before_entry(vcpu, Stale::all);
}

} // namespace

void load_real_mode_state(Vcpu& vcpu, std::uint8_t vector) {
    constexpr std::uint32_t limit = 0xFFFF;
    constexpr AccessRights writable_data{0x93};
    constexpr AccessRights readable_code{0x9B};
    constexpr AccessRights local_table{0x82};
    constexpr auto cs = static_cast<std::size_t>(SegmentNumber::cs);
    load_unpaged_state(vcpu, cr0::cache_disable | cr0::not_write_through | cr0::extension_type);
    for (std::size_t number = 0; number < segment_register_count; ++number)
        write_segment(vcpu, number, {0, 0, limit, writable_data});
    write_segment(vcpu, cs,
                  {static_cast<std::uint16_t>(vector << 8), std::uint64_t{vector} << 12, limit,
                   readable_code});
    write_ldtr(vcpu, {0, 0, limit, local_table});
    write_task_register(vcpu, busy_tss(0, 0));
    vcpu.vmcs.write(Field::guest_gdtr_limit, limit);
    vcpu.vmcs.write(Field::guest_idtr_limit, limit);
}

void load_protected_mode_state(Vcpu& vcpu, std::uint16_t code_selector,
                               std::uint16_t data_selector) {
    constexpr auto cs = static_cast<std::size_t>(SegmentNumber::cs);
    load_unpaged_state(vcpu, cr0::protection_enable | cr0::extension_type);
    for (std::size_t number = 0; number < segment_register_count; ++number)
        write_segment(vcpu, number, flat_data(data_selector));
    write_segment(vcpu, cs, flat_code_32(code_selector));
}

} // namespace hv
