// SDM vol. 3, 27.2.2 to 27.2.4: host control registers, MSRs, segments and address-space size.

#include "hypervisor/entry_check/entry_check.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/control_register.h"

namespace hv {
namespace {

using enum EntryRule;

void check_control_registers(EntryCheck& check) {
    const Capabilities& capabilities = check.facts().capabilities;
    const std::uint64_t host_cr0 = check.read(Field::host_cr0);
    const std::uint64_t host_cr4 = check.read(Field::host_cr4);
    check.require(agrees(host_cr0, capabilities.cr0_fixed0, capabilities.cr0_fixed1),
                  host_cr0_fixed_bits, Field::host_cr0);
    check.require(agrees(host_cr4, capabilities.cr4_fixed0, capabilities.cr4_fixed1),
                  host_cr4_fixed_bits, Field::host_cr4);
    check.require((host_cr4 & cr4::control_flow_enforcement) == 0 ||
                      (host_cr0 & cr0::write_protect) != 0,
                  host_cet_needs_write_protect, Field::host_cr4);
    check.require(check.within_physical_width(check.read(Field::host_cr3)), host_cr3_width,
                  Field::host_cr3);
}

void check_msrs(EntryCheck& check) {
    for (const Field field : {Field::host_ia32_sysenter_esp, Field::host_ia32_sysenter_eip})
        check.require(check.canonical(check.read(field)), host_sysenter_canonical, field);
    if (check.on_exit(vm_exit::load_ia32_perf_global_ctrl)) {
        check.require((check.read(Field::host_ia32_perf_global_ctrl) &
                       ~check.facts().perf_global_ctrl_bits) == 0,
                      host_perf_global_ctrl_reserved_bits, Field::host_ia32_perf_global_ctrl);
    }
    if (check.on_exit(vm_exit::load_ia32_pat))
        check.require(valid_pat(check.read(Field::host_ia32_pat)), host_pat_types,
                      Field::host_ia32_pat);
    if (check.on_exit(vm_exit::load_ia32_efer)) {
        const std::uint64_t host_efer = check.read(Field::host_ia32_efer);
        check.require((host_efer & ~check.facts().efer_bits) == 0, host_efer_reserved_bits,
                      Field::host_ia32_efer);
        const bool wide = check.on_exit(vm_exit::host_address_space_size);
        check.require(((host_efer & efer::long_mode_active) != 0) == wide &&
                          ((host_efer & efer::long_mode_enable) != 0) == wide,
                      host_efer_long_mode, Field::host_ia32_efer);
    }
    if (check.on_exit(vm_exit::load_cet_state)) {
        check.require(valid_s_cet(check, check.read(Field::host_ia32_s_cet)), host_s_cet,
                      Field::host_ia32_s_cet);
        const std::uint64_t ssp = check.read(Field::host_ssp);
        check.require(bits(ssp, 1, 0) == 0 && check.canonical(ssp), host_ssp_aligned,
                      Field::host_ssp);
        check.require(check.canonical(check.read(Field::host_ia32_interrupt_ssp_table_addr)),
                      host_interrupt_ssp_table_canonical,
                      Field::host_ia32_interrupt_ssp_table_addr);
    }
    if (check.on_exit(vm_exit::load_pkrs))
        check.require(check.read(Field::host_ia32_pkrs) >> 32 == 0, host_pkrs_reserved_bits,
                      Field::host_ia32_pkrs);
}

void check_segments(EntryCheck& check) {
    constexpr std::uint64_t rpl_and_ti = 7;
    for (const Field field :
         {Field::host_es_selector, Field::host_cs_selector, Field::host_ss_selector,
          Field::host_ds_selector, Field::host_fs_selector, Field::host_gs_selector,
          Field::host_tr_selector})
        check.require((check.read(field) & rpl_and_ti) == 0, host_selector_rpl_ti, field);
    for (const Field field : {Field::host_cs_selector, Field::host_tr_selector})
        check.require(check.read(field) != 0, host_selector_not_null, field);
    if (!check.on_exit(vm_exit::host_address_space_size))
        check.require(check.read(Field::host_ss_selector) != 0, host_ss_not_null,
                      Field::host_ss_selector);
    for (const Field field : {Field::host_fs_base, Field::host_gs_base, Field::host_tr_base,
                              Field::host_gdtr_base, Field::host_idtr_base})
        check.require(check.canonical(check.read(field)), host_base_canonical, field);
}

void check_address_space_size(EntryCheck& check) {
    const bool wide = check.on_exit(vm_exit::host_address_space_size);
    const bool ia32e_guest = check.on_entry(vm_entry::ia32e_mode_guest);
    if (!check.facts().ia32e_mode) {
        check.require(!ia32e_guest, outside_ia32e_mode, Field::vm_entry_controls);
        check.require(!wide, outside_ia32e_mode, Field::primary_vm_exit_controls);
    } else {
        check.require(wide, host_address_space_size_needed, Field::primary_vm_exit_controls);
    }
    const std::uint64_t host_cr4 = check.read(Field::host_cr4);
    const std::uint64_t rip = check.read(Field::host_rip);
    if (!wide) {
        // That "IA-32e mode guest" is 0 too follows from the two rules above.
        check.require((host_cr4 & cr4::pcid_enable) == 0, host_pcide_needs_64_bit, Field::host_cr4);
        check.require(rip >> 32 == 0, host_rip_32_bits, Field::host_rip);
    } else {
        check.require((host_cr4 & cr4::physical_address_extension) != 0, host_pae_needed,
                      Field::host_cr4);
        check.require(check.canonical(rip), host_rip_canonical, Field::host_rip);
    }
}

} // namespace

void check_host_state(EntryCheck& check) {
    check_control_registers(check);
    check_msrs(check);
    check_segments(check);
    check_address_space_size(check);
}

} // namespace hv
