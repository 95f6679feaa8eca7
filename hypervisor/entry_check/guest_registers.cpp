// SDM vol. 3, 27.3.1.1: guest control registers, debug registers and MSRs.

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/control_register.h"

namespace hv {
namespace {

using enum EntryRule;

void check_control_registers(EntryCheck& check) {
    const Capabilities& capabilities = check.facts().capabilities;
    const std::uint64_t guest_cr0 = check.read(Field::guest_cr0);
    const std::uint64_t guest_cr4 = check.read(Field::guest_cr4);
    const bool ia32e_guest = check.on_entry(vm_entry::ia32e_mode_guest);
    std::uint64_t cr0_must_be_one = capabilities.cr0_fixed0;
    if (check.secondary(secondary_processor_based::unrestricted_guest))
        cr0_must_be_one &= ~(cr0::protection_enable | cr0::paging);
    check.require(agrees(guest_cr0, cr0_must_be_one, capabilities.cr0_fixed1), guest_cr0_fixed_bits,
                  Field::guest_cr0);
    const bool paging = (guest_cr0 & cr0::paging) != 0;
    check.require(!paging || (guest_cr0 & cr0::protection_enable) != 0,
                  guest_paging_needs_protection, Field::guest_cr0);
    check.require(agrees(guest_cr4, capabilities.cr4_fixed0, capabilities.cr4_fixed1),
                  guest_cr4_fixed_bits, Field::guest_cr4);
    check.require((guest_cr4 & cr4::control_flow_enforcement) == 0 ||
                      (guest_cr0 & cr0::write_protect) != 0,
                  guest_cet_needs_write_protect, Field::guest_cr4);
    check.require(!ia32e_guest || paging, guest_ia32e_needs_paging, Field::guest_cr0);
    check.require(!ia32e_guest || (guest_cr4 & cr4::physical_address_extension) != 0,
                  guest_ia32e_needs_pae, Field::guest_cr4);
    check.require(ia32e_guest || (guest_cr4 & cr4::pcid_enable) == 0, guest_pcide_needs_ia32e,
                  Field::guest_cr4);
    check.require(check.within_physical_width(check.read(Field::guest_cr3)), guest_cr3_width,
                  Field::guest_cr3);
}

void check_debug_controls(EntryCheck& check) {
    if (!check.on_entry(vm_entry::load_debug_controls))
        return;
    check.require((check.read(Field::guest_ia32_debugctl) & ~check.facts().debugctl_bits) == 0,
                  guest_debugctl_reserved_bits, Field::guest_ia32_debugctl);
    check.require(check.read(Field::guest_dr7) >> 32 == 0, guest_dr7_reserved_bits,
                  Field::guest_dr7);
}

void check_efer(EntryCheck& check) {
    if (!check.on_entry(vm_entry::load_ia32_efer))
        return;
    const std::uint64_t guest_efer = check.read(Field::guest_ia32_efer);
    const bool active = (guest_efer & efer::long_mode_active) != 0;
    const bool enabled = (guest_efer & efer::long_mode_enable) != 0;
    check.require((guest_efer & ~check.facts().efer_bits) == 0, guest_efer_reserved_bits,
                  Field::guest_ia32_efer);
    check.require(active == check.on_entry(vm_entry::ia32e_mode_guest), guest_efer_lma,
                  Field::guest_ia32_efer);
    check.require((check.read(Field::guest_cr0) & cr0::paging) == 0 || active == enabled,
                  guest_efer_lme, Field::guest_ia32_efer);
}

void check_msrs(EntryCheck& check) {
    const EntryFacts& facts = check.facts();
    for (const Field field : {Field::guest_ia32_sysenter_esp, Field::guest_ia32_sysenter_eip})
        check.require(check.canonical(check.read(field)), guest_sysenter_canonical, field);
    // A field that VM entry loads if a control is set, and the bits that must be 0 in it.
    const auto reserved = [&](std::uint32_t control, Field field, std::uint64_t zero_bits,
                              EntryRule rule) {
        if (check.on_entry(control))
            check.require((check.read(field) & zero_bits) == 0, rule, field);
    };
    if (check.on_entry(vm_entry::load_cet_state)) {
        check.require(valid_s_cet(check, check.read(Field::guest_ia32_s_cet)), guest_s_cet,
                      Field::guest_ia32_s_cet);
        check.require(check.canonical(check.read(Field::guest_ia32_interrupt_ssp_table_addr)),
                      guest_interrupt_ssp_table_canonical,
                      Field::guest_ia32_interrupt_ssp_table_addr);
    }
    reserved(vm_entry::load_ia32_perf_global_ctrl, Field::guest_ia32_perf_global_ctrl,
             ~facts.perf_global_ctrl_bits, guest_perf_global_ctrl_reserved_bits);
    if (check.on_entry(vm_entry::load_ia32_pat))
        check.require(valid_pat(check.read(Field::guest_ia32_pat)), guest_pat_types,
                      Field::guest_ia32_pat);
    check_efer(check);
    if (check.on_entry(vm_entry::load_ia32_bndcfgs)) {
        const std::uint64_t bounds = check.read(Field::guest_ia32_bndcfgs);
        check.require(bits(bounds, 11, 2) == 0 && check.canonical(bounds), guest_bndcfgs,
                      Field::guest_ia32_bndcfgs);
    }
    reserved(vm_entry::load_ia32_rtit_ctl, Field::guest_ia32_rtit_ctl, ~facts.rtit_ctl_bits,
             guest_rtit_ctl_reserved_bits);
    reserved(vm_entry::load_guest_ia32_lbr_ctl, Field::guest_ia32_lbr_ctl, ~facts.lbr_ctl_bits,
             guest_lbr_ctl_reserved_bits);
    reserved(vm_entry::load_pkrs, Field::guest_ia32_pkrs, mask(63, 32), guest_pkrs_reserved_bits);
    reserved(vm_entry::load_uinv, Field::guest_uinv, mask(15, 8), guest_uinv_reserved_bits);
}

} // namespace

void check_guest_registers(EntryCheck& check) {
    check_control_registers(check);
    check_debug_controls(check);
    check_msrs(check);
}

} // namespace hv
