#include "hypervisor/registers/operating_mode.h"

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

bool is_long_mode_active(const Vcpu& vcpu) { return (vcpu.efer & efer::long_mode_active) != 0; }

// The four page-directory-pointer-table entries, as MOV to CR3 loads them (4.4.1). False where one
// is present and has a reserved bit set; nothing is loaded then.
bool load_pointers(Vcpu& vcpu) {
    constexpr std::uint64_t table_mask = 0xFFFFFFE0;
    constexpr std::array fields{Field::guest_pdpte0, Field::guest_pdpte1, Field::guest_pdpte2,
                                Field::guest_pdpte3};
    const VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t table = vcpu.vmcs.read(Field::guest_cr3) & table_mask;
    std::array<std::uint64_t, fields.size()> entries{};
    for (std::size_t index = 0; index < fields.size(); ++index) {
        entries[index] =
            machine.memory.read<std::uint64_t>(table + index * paging::entry_size).value_or(0);
        const std::uint64_t reserved =
            PaePaging::reserved(entries[index], PaePaging::levels, machine.features);
        if ((entries[index] & paging::present) != 0 && (entries[index] & reserved) != 0)
            return false;
    }
    for (std::size_t index = 0; index < fields.size(); ++index)
        vcpu.vmcs.write(fields[index], entries[index]);
    return true;
}

// Paging begins: IA-32e mode with EFER.LME, PAE paging with CR4.PAE alone.
bool begin_paging(Vcpu& vcpu) {
    const bool pae = (guest_cr4(vcpu) & cr4::physical_address_extension) != 0;
    if ((vcpu.efer & efer::long_mode_enable) == 0)
        return !pae || load_pointers(vcpu);
    const AccessRights tr{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::guest_tr_access_rights))};
    if (!pae || in_64_bit_mode(vcpu) || tr.type() == segment_type::tss_busy_16) // CS.L
        return false;
    set_long_mode_active(vcpu, true);
    return true;
}

bool end_paging(Vcpu& vcpu) {
    if (!is_long_mode_active(vcpu))
        return true;
    if (in_64_bit_mode(vcpu) || (guest_cr4(vcpu) & cr4::pcid_enable) != 0)
        return false;
    set_long_mode_active(vcpu, false);
    return true;
}

} // namespace

void set_long_mode_active(Vcpu& vcpu, bool active) {
    const std::uint32_t control = vm_entry::ia32e_mode_guest;
    const std::uint32_t controls = vcpu.machine->controls.entry;
    vcpu.vmcs.write(Field::vm_entry_controls, active ? controls | control : controls & ~control);
    vcpu.efer = active ? vcpu.efer | efer::long_mode_active : vcpu.efer & ~efer::long_mode_active;
    write_real_efer(vcpu, real_efer(vcpu));
}

Error follow_cr0(Vcpu& vcpu, std::uint64_t value) {
    if ((value & (cr0::paging | cr0::protection_enable)) == cr0::paging)
        return Error::bad_cr0;
    const std::uint64_t changed = guest_cr0(vcpu) ^ value;
    if ((changed & cr0::paging) == 0)
        return Error::none;
    if (!((value & cr0::paging) != 0 ? begin_paging(vcpu) : end_paging(vcpu)))
        return Error::bad_cr0;
    drop_before_entry(vcpu, Stale::all);
    return Error::none;
}

Error follow_cr4(Vcpu& vcpu, std::uint64_t value) {
    const bool pae = (value & cr4::physical_address_extension) != 0;
    if (is_long_mode_active(vcpu))
        return pae ? Error::none : Error::bad_cr4;
    if ((value & cr4::pcid_enable) != 0)
        return Error::bad_cr4;
    const bool loads = (guest_cr0(vcpu) & cr0::paging) != 0 && pae;
    return !loads || load_pointers(vcpu) ? Error::none : Error::bad_cr4;
}

bool load_task_root(Vcpu& vcpu, std::uint32_t cr3) {
    if ((guest_cr0(vcpu) & cr0::paging) == 0)
        return true;
    vcpu.vmcs.write(Field::guest_cr3, cr3);
    drop_before_entry(vcpu, Stale::non_global);
    return (guest_cr4(vcpu) & cr4::physical_address_extension) == 0 || load_pointers(vcpu);
}

namespace {

// Outside IA-32e mode, without paging.
void load_unpaged_state(Vcpu& vcpu, std::uint64_t cr0) {
    write_reset_state(vcpu);
    vcpu.cr0_shadow = cr0;
    write_guest_cr0(vcpu);
    vcpu.cr4_shadow = 0;
    vcpu.vmcs.write(Field::guest_cr4, vcpu.machine->capabilities.cr4_fixed0);
    vcpu.vmcs.write(Field::cr4_read_shadow, 0);
    vcpu.efer = 0;
    set_long_mode_active(vcpu, false);
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
