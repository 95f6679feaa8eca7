// Cases of SDM vol. 3, 27.2.2 to 27.2.4: host state.

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vmx/controls.h"
#include "tests/unit/cases/entry_case.h"

namespace hv::test {
namespace {

using F = Field;
using R = Reference;
using enum EntryRule;

constexpr std::uint64_t not_canonical = 0x0000'8000'0000'0000;
constexpr std::uint64_t too_wide = std::uint64_t{1} << 40; // the reference has 40 bits

void with_cet(R& r) {
    r.on_exit(vm_exit::load_cet_state);
    r[F::host_ia32_s_cet] = 0;
    r[F::host_ssp] = 0;
    r[F::host_ia32_interrupt_ssp_table_addr] = 0;
}

// A processor outside IA-32e mode, with a monitor and a guest to match.
void narrow_host(R& r) {
    r.facts.ia32e_mode = false;
    r.legacy_guest();
    r.clear(F::primary_vm_exit_controls, vm_exit::host_address_space_size);
    r[F::host_ia32_efer] = 0;
}

} // namespace

// clang-format off
std::vector<EntryCase> host_cases() {
    return {
        {host_cr0_fixed_bits, F::host_cr0, [](R& r) { r.clear(F::host_cr0, cr0::numeric_error); }},
        {host_cr0_fixed_bits, F::host_cr0, [](R& r) { r.set(F::host_cr0, std::uint64_t{1} << 32); }},
        {host_cr4_fixed_bits, F::host_cr4, [](R& r) { r.clear(F::host_cr4, cr4::vmx_enable); }},
        {host_cr4_fixed_bits, F::host_cr4, [](R& r) { r.set(F::host_cr4, 1 << 24); }},
        {host_cet_needs_write_protect, F::host_cr4, [](R& r) {
             r.set(F::host_cr4, cr4::control_flow_enforcement);
             r.clear(F::host_cr0, cr0::write_protect); }},
        {host_cr3_width, F::host_cr3, [](R& r) { r.set(F::host_cr3, too_wide); }},
        {host_sysenter_canonical, F::host_ia32_sysenter_esp,
         [](R& r) { r[F::host_ia32_sysenter_esp] = not_canonical; }},
        {host_sysenter_canonical, F::host_ia32_sysenter_eip,
         [](R& r) { r[F::host_ia32_sysenter_eip] = ~not_canonical; }},
        {host_perf_global_ctrl_reserved_bits, F::host_ia32_perf_global_ctrl, [](R& r) {
             r.on_exit(vm_exit::load_ia32_perf_global_ctrl);
             r[F::host_ia32_perf_global_ctrl] = std::uint64_t{1} << 63; }},
        {host_pat_types, F::host_ia32_pat, [](R& r) { r[F::host_ia32_pat] = 0x0007'0406'0007'0402; }},
        {host_pat_types, F::host_ia32_pat, [](R& r) { r[F::host_ia32_pat] = 0x0307'0406'0007'0406; }},
        {host_pat_types, F::host_ia32_pat, [](R& r) { r[F::host_ia32_pat] = 0x0008; }},
        {host_efer_reserved_bits, F::host_ia32_efer, [](R& r) { r.set(F::host_ia32_efer, 2); }},
        {host_efer_long_mode, F::host_ia32_efer, [](R& r) { r.clear(F::host_ia32_efer, efer::long_mode_active); }},
        {host_efer_long_mode, F::host_ia32_efer, [](R& r) { r.clear(F::host_ia32_efer, efer::long_mode_enable); }},
        {host_s_cet, F::host_ia32_s_cet, [](R& r) {
             with_cet(r);
             r[F::host_ia32_s_cet] = 3 << 10; }},
        {host_s_cet, F::host_ia32_s_cet, [](R& r) {
             with_cet(r);
             r[F::host_ia32_s_cet] = 1 << 6; }},
        {host_ssp_aligned, F::host_ssp, [](R& r) {
             with_cet(r);
             r[F::host_ssp] = 2; }},
        {host_interrupt_ssp_table_canonical, F::host_ia32_interrupt_ssp_table_addr, [](R& r) {
             with_cet(r);
             r[F::host_ia32_interrupt_ssp_table_addr] = not_canonical; }},
        {host_pkrs_reserved_bits, F::host_ia32_pkrs, [](R& r) {
             r.on_exit(vm_exit::load_pkrs);
             r[F::host_ia32_pkrs] = std::uint64_t{1} << 32; }},

        {host_selector_rpl_ti, F::host_cs_selector, [](R& r) { r[F::host_cs_selector] = 0x09; }},
        {host_selector_rpl_ti, F::host_ss_selector, [](R& r) { r[F::host_ss_selector] = 0x12; }},
        {host_selector_rpl_ti, F::host_ds_selector, [](R& r) { r[F::host_ds_selector] = 0x14; }},
        {host_selector_rpl_ti, F::host_es_selector, [](R& r) { r[F::host_es_selector] = 0x11; }},
        {host_selector_rpl_ti, F::host_fs_selector, [](R& r) { r[F::host_fs_selector] = 0x01; }},
        {host_selector_rpl_ti, F::host_gs_selector, [](R& r) { r[F::host_gs_selector] = 0x04; }},
        {host_selector_rpl_ti, F::host_tr_selector, [](R& r) { r[F::host_tr_selector] = 0x1C; }},
        {host_selector_not_null, F::host_cs_selector, [](R& r) { r[F::host_cs_selector] = 0; }},
        {host_selector_not_null, F::host_tr_selector, [](R& r) { r[F::host_tr_selector] = 0; }},
        {host_ss_not_null, F::host_ss_selector, [](R& r) {
             narrow_host(r);
             r[F::host_ss_selector] = 0; }},
        {host_base_canonical, F::host_fs_base, [](R& r) { r[F::host_fs_base] = not_canonical; }},
        {host_base_canonical, F::host_gs_base, [](R& r) { r[F::host_gs_base] = not_canonical; }},
        {host_base_canonical, F::host_tr_base, [](R& r) { r[F::host_tr_base] = not_canonical; }},
        {host_base_canonical, F::host_gdtr_base, [](R& r) { r[F::host_gdtr_base] = not_canonical; }},
        {host_base_canonical, F::host_idtr_base, [](R& r) { r[F::host_idtr_base] = not_canonical; }},

        {outside_ia32e_mode, F::primary_vm_exit_controls, [](R& r) {
             r.legacy_guest();
             r.facts.ia32e_mode = false; }},
        {outside_ia32e_mode, F::vm_entry_controls, [](R& r) {
             narrow_host(r);
             r.on_entry(vm_entry::ia32e_mode_guest);
             r[F::guest_ia32_efer] = 0xD00; }},
        {host_address_space_size_needed, F::primary_vm_exit_controls, [](R& r) {
             narrow_host(r);
             r.facts.ia32e_mode = true; }},
        {host_pcide_needs_64_bit, F::host_cr4, [](R& r) {
             narrow_host(r);
             r.set(F::host_cr4, cr4::pcid_enable); }},
        {host_rip_32_bits, F::host_rip, [](R& r) {
             narrow_host(r);
             r[F::host_rip] = std::uint64_t{1} << 32; }},
        {host_pae_needed, F::host_cr4, [](R& r) { r.clear(F::host_cr4, cr4::physical_address_extension); }},
        {host_rip_canonical, F::host_rip, [](R& r) { r[F::host_rip] = not_canonical; }},
    };
}
// clang-format on

} // namespace hv::test
