// Cases of SDM vol. 3, 27.3.1.1 and 27.3.1.3 to 27.3.1.6: guest state but segment registers.

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/rflags.h"
#include "tests/unit/cases/entry_case.h"

namespace hv::test {
namespace {

using F = Field;
using R = Reference;
using enum EntryRule;
using enum InterruptionType;

constexpr std::uint64_t not_canonical = 0x0000'8000'0000'0000;
constexpr std::uint64_t too_wide = std::uint64_t{1} << 40; // the reference has 40 bits

void with_cet(R& r) {
    r.on_entry(vm_entry::load_cet_state);
    r[F::guest_ia32_s_cet] = 0;
    r[F::guest_ssp] = 0;
    r[F::guest_ia32_interrupt_ssp_table_addr] = 0;
}

// Loads a register by a VM-entry control, with this value.
void load(R& r, std::uint32_t control, Field field, std::uint64_t value) {
    r.on_entry(control);
    r[field] = value;
}

void activity(R& r, ActivityState state) {
    r[F::guest_activity_state] = static_cast<std::uint64_t>(state);
}

void inject(R& r, InterruptionType type, std::uint8_t vector) {
    r.inject(InterruptionInformation::make(type, vector, false).raw);
}

} // namespace

// clang-format off
std::vector<EntryCase> guest_cases() {
    return {
        {guest_cr0_fixed_bits, F::guest_cr0, [](R& r) { r.clear(F::guest_cr0, cr0::numeric_error); }},
        {guest_cr0_fixed_bits, F::guest_cr0, [](R& r) { r.set(F::guest_cr0, std::uint64_t{1} << 40); }},
        {guest_cr0_fixed_bits, F::guest_cr0, [](R& r) {
             r.real_mode_guest();
             r.clear(F::secondary_processor_based_controls,
                     secondary_processor_based::unrestricted_guest);
             r[F::guest_cs_access_rights] = 0x9B; }},
        {guest_paging_needs_protection, F::guest_cr0, [](R& r) {
             r.real_mode_guest();
             r.set(F::guest_cr0, cr0::paging); }},
        {guest_cr4_fixed_bits, F::guest_cr4, [](R& r) { r.clear(F::guest_cr4, cr4::vmx_enable); }},
        {guest_cr4_fixed_bits, F::guest_cr4, [](R& r) { r.set(F::guest_cr4, 1 << 15); }},
        {guest_cet_needs_write_protect, F::guest_cr4, [](R& r) {
             r.set(F::guest_cr4, cr4::control_flow_enforcement);
             r.clear(F::guest_cr0, cr0::write_protect); }},
        {guest_debugctl_reserved_bits, F::guest_ia32_debugctl, [](R& r) { r[F::guest_ia32_debugctl] = 4; }},
        {guest_ia32e_needs_paging, F::guest_cr0, [](R& r) {
             r.secondary(secondary_processor_based::unrestricted_guest);
             r.clear(F::guest_cr0, cr0::paging); }},
        {guest_ia32e_needs_pae, F::guest_cr4, [](R& r) { r.clear(F::guest_cr4, cr4::physical_address_extension); }},
        {guest_pcide_needs_ia32e, F::guest_cr4, [](R& r) {
             r.legacy_guest();
             r.set(F::guest_cr4, cr4::pcid_enable); }},
        {guest_cr3_width, F::guest_cr3, [](R& r) { r.set(F::guest_cr3, too_wide); }},
        {guest_cr3_width, F::guest_cr3, [](R& r) { r.set(F::guest_cr3, std::uint64_t{1} << 63); }},
        {guest_dr7_reserved_bits, F::guest_dr7, [](R& r) { r.set(F::guest_dr7, std::uint64_t{1} << 32); }},
        {guest_sysenter_canonical, F::guest_ia32_sysenter_esp,
         [](R& r) { r[F::guest_ia32_sysenter_esp] = not_canonical; }},
        {guest_sysenter_canonical, F::guest_ia32_sysenter_eip,
         [](R& r) { r[F::guest_ia32_sysenter_eip] = not_canonical; }},
        {guest_s_cet, F::guest_ia32_s_cet, [](R& r) {
             with_cet(r);
             r[F::guest_ia32_s_cet] = not_canonical; }},
        {guest_interrupt_ssp_table_canonical, F::guest_ia32_interrupt_ssp_table_addr, [](R& r) {
             with_cet(r);
             r[F::guest_ia32_interrupt_ssp_table_addr] = not_canonical; }},
        {guest_perf_global_ctrl_reserved_bits, F::guest_ia32_perf_global_ctrl, [](R& r) {
             load(r, vm_entry::load_ia32_perf_global_ctrl, F::guest_ia32_perf_global_ctrl,
                  std::uint64_t{1} << 40); }},
        {guest_pat_types, F::guest_ia32_pat, [](R& r) { r[F::guest_ia32_pat] = 0x02; }},
        {guest_efer_reserved_bits, F::guest_ia32_efer, [](R& r) { r.set(F::guest_ia32_efer, 1 << 12); }},
        {guest_efer_lma, F::guest_ia32_efer, [](R& r) {
             r.legacy_guest();
             r[F::guest_ia32_efer] = efer::long_mode_active | efer::long_mode_enable; }},
        {guest_efer_lme, F::guest_ia32_efer, [](R& r) { r.clear(F::guest_ia32_efer, efer::long_mode_enable); }},
        {guest_bndcfgs, F::guest_ia32_bndcfgs, [](R& r) {
             load(r, vm_entry::load_ia32_bndcfgs, F::guest_ia32_bndcfgs, 4); }},
        {guest_bndcfgs, F::guest_ia32_bndcfgs, [](R& r) {
             load(r, vm_entry::load_ia32_bndcfgs, F::guest_ia32_bndcfgs, not_canonical); }},
        {guest_rtit_ctl_reserved_bits, F::guest_ia32_rtit_ctl, [](R& r) {
             load(r, vm_entry::load_ia32_rtit_ctl, F::guest_ia32_rtit_ctl, std::uint64_t{1} << 63); }},
        {guest_lbr_ctl_reserved_bits, F::guest_ia32_lbr_ctl, [](R& r) {
             load(r, vm_entry::load_guest_ia32_lbr_ctl, F::guest_ia32_lbr_ctl, 0x10); }},
        {guest_pkrs_reserved_bits, F::guest_ia32_pkrs, [](R& r) {
             load(r, vm_entry::load_pkrs, F::guest_ia32_pkrs, std::uint64_t{1} << 32); }},
        {guest_uinv_reserved_bits, F::guest_uinv, [](R& r) {
             load(r, vm_entry::load_uinv, F::guest_uinv, 0x100); }},

        {guest_table_base_canonical, F::guest_gdtr_base, [](R& r) { r[F::guest_gdtr_base] = not_canonical; }},
        {guest_table_base_canonical, F::guest_idtr_base, [](R& r) { r[F::guest_idtr_base] = not_canonical; }},
        {guest_table_limit, F::guest_gdtr_limit, [](R& r) { r[F::guest_gdtr_limit] = 0x10000; }},
        {guest_table_limit, F::guest_idtr_limit, [](R& r) { r[F::guest_idtr_limit] = 0xFFFFFFFF; }},

        {guest_rip_32_bits, F::guest_rip, [](R& r) {
             r.legacy_guest();
             r[F::guest_rip] = std::uint64_t{1} << 32; }},
        {guest_rip_32_bits, F::guest_rip, [](R& r) { // IA-32e mode, but a 32-bit code segment
             r[F::guest_cs_access_rights] = 0xC09B; }},
        {guest_rip_linear_width, F::guest_rip, [](R& r) { r[F::guest_rip] = std::uint64_t{1} << 48; }},
        {guest_rflags_reserved_bits, F::guest_rflags, [](R& r) { r[F::guest_rflags] = 0; }},
        {guest_rflags_reserved_bits, F::guest_rflags, [](R& r) { r.set(F::guest_rflags, 1 << 3); }},
        {guest_rflags_reserved_bits, F::guest_rflags, [](R& r) { r.set(F::guest_rflags, 1 << 5); }},
        {guest_rflags_reserved_bits, F::guest_rflags, [](R& r) { r.set(F::guest_rflags, 1 << 15); }},
        {guest_rflags_reserved_bits, F::guest_rflags, [](R& r) { r.set(F::guest_rflags, 1 << 22); }},
        {guest_rflags_vm, F::guest_rflags, [](R& r) {
             r.virtual_8086_guest();
             r.secondary(secondary_processor_based::unrestricted_guest);
             r.clear(F::guest_cr0, cr0::protection_enable | cr0::paging); }},
        {guest_rflags_vm, F::guest_rflags, [](R& r) {
             r.virtual_8086_guest();
             r.on_entry(vm_entry::ia32e_mode_guest);
             r[F::guest_ia32_efer] = 0xD01; }},
        {guest_rflags_if_for_injection, F::guest_rflags, [](R& r) { inject(r, external_interrupt, 0x20); }},
        {guest_ssp_aligned, F::guest_ssp, [](R& r) {
             with_cet(r);
             r[F::guest_ssp] = 1; }},
        {guest_ssp_aligned, F::guest_ssp, [](R& r) {
             with_cet(r);
             r[F::guest_ssp] = not_canonical; }},

        {activity_state_supported, F::guest_activity_state, [](R& r) { r[F::guest_activity_state] = 4; }},
        {activity_state_supported, F::guest_activity_state, [](R& r) {
             activity(r, ActivityState::shutdown);
             r.facts.capabilities.misc.raw &= ~(1U << 7); }},
        {activity_hlt_at_cpl_0, F::guest_activity_state, [](R& r) {
             activity(r, ActivityState::hlt);
             r[F::guest_cs_selector] = 0x1B;
             r[F::guest_cs_access_rights] = 0xA0FB;
             r[F::guest_ss_selector] = 0x23;
             r[F::guest_ss_access_rights] = 0xC0F3; }},
        {activity_active_when_blocking, F::guest_activity_state, [](R& r) {
             activity(r, ActivityState::hlt);
             r[F::guest_interruptibility_state] = interruptibility::mov_ss; }},
        {activity_injection, F::guest_activity_state, [](R& r) {
             activity(r, ActivityState::hlt);
             inject(r, hardware_exception, vector::invalid_opcode); }},
        {activity_injection, F::guest_activity_state, [](R& r) {
             activity(r, ActivityState::shutdown);
             r.set(F::guest_rflags, rflags::interrupt_enable);
             inject(r, external_interrupt, 0x20); }},
        {activity_injection, F::guest_activity_state, [](R& r) {
             activity(r, ActivityState::wait_for_sipi);
             inject(r, nmi, vector::nmi); }},
        {interruptibility_reserved_bits, F::guest_interruptibility_state,
         [](R& r) { r[F::guest_interruptibility_state] = 1 << 5; }},
        {interruptibility_sti_and_mov_ss, F::guest_interruptibility_state, [](R& r) {
             r.set(F::guest_rflags, rflags::interrupt_enable);
             r[F::guest_interruptibility_state] = interruptibility::sti | interruptibility::mov_ss; }},
        {interruptibility_sti_needs_if, F::guest_interruptibility_state,
         [](R& r) { r[F::guest_interruptibility_state] = interruptibility::sti; }},
        {interruptibility_injected_interrupt, F::guest_interruptibility_state, [](R& r) {
             r.set(F::guest_rflags, rflags::interrupt_enable);
             inject(r, external_interrupt, 0x20);
             r[F::guest_interruptibility_state] = interruptibility::sti; }},
        {interruptibility_injected_interrupt, F::guest_interruptibility_state, [](R& r) {
             r.set(F::guest_rflags, rflags::interrupt_enable);
             inject(r, external_interrupt, 0x20);
             r[F::guest_interruptibility_state] = interruptibility::mov_ss; }},
        {interruptibility_injected_nmi, F::guest_interruptibility_state, [](R& r) {
             inject(r, nmi, vector::nmi);
             r[F::guest_interruptibility_state] = interruptibility::mov_ss; }},
        {interruptibility_smi, F::guest_interruptibility_state,
         [](R& r) { r[F::guest_interruptibility_state] = interruptibility::smi; }},
        {interruptibility_virtual_nmi, F::guest_interruptibility_state, [](R& r) {
             r.pin(pin_based::nmi_exiting | pin_based::virtual_nmis);
             inject(r, nmi, vector::nmi);
             r[F::guest_interruptibility_state] = interruptibility::nmi; }},
        {interruptibility_enclave, F::guest_interruptibility_state,
         [](R& r) { r[F::guest_interruptibility_state] = interruptibility::enclave; }},
        {interruptibility_enclave, F::guest_interruptibility_state, [](R& r) {
             r.facts.sgx = true;
             r[F::guest_interruptibility_state] = interruptibility::enclave | interruptibility::mov_ss; }},
        {pending_debug_reserved_bits, F::guest_pending_debug_exceptions,
         [](R& r) { r[F::guest_pending_debug_exceptions] = 1 << 4; }},
        {pending_debug_reserved_bits, F::guest_pending_debug_exceptions,
         [](R& r) { r[F::guest_pending_debug_exceptions] = pending_debug::bus_lock; }},
        {pending_debug_reserved_bits, F::guest_pending_debug_exceptions, [](R& r) {
             r.facts.bus_lock_detection = true;
             r[F::guest_pending_debug_exceptions] = pending_debug::bus_lock | 1 << 13; }},
        {pending_debug_single_step, F::guest_pending_debug_exceptions, [](R& r) { // XSA-308
             r.set(F::guest_rflags, rflags::trap);
             r[F::guest_interruptibility_state] = interruptibility::mov_ss; }},
        {pending_debug_single_step, F::guest_pending_debug_exceptions, [](R& r) { // XSA-308
             r.set(F::guest_rflags, rflags::trap | rflags::interrupt_enable);
             r[F::guest_interruptibility_state] = interruptibility::sti; }},
        {pending_debug_single_step, F::guest_pending_debug_exceptions, [](R& r) {
             r.set(F::guest_rflags, rflags::trap);
             activity(r, ActivityState::hlt); }},
        {pending_debug_no_single_step, F::guest_pending_debug_exceptions, [](R& r) {
             r[F::guest_pending_debug_exceptions] = pending_debug::single_step;
             r[F::guest_interruptibility_state] = interruptibility::mov_ss; }},
        {pending_debug_no_single_step, F::guest_pending_debug_exceptions, [](R& r) {
             r.set(F::guest_rflags, rflags::trap);
             r[F::guest_ia32_debugctl] = 1 << 1; // BTF
             r[F::guest_pending_debug_exceptions] = pending_debug::single_step;
             r[F::guest_interruptibility_state] = interruptibility::mov_ss; }},
        {pending_debug_rtm, F::guest_pending_debug_exceptions, [](R& r) { // no RTM
             r[F::guest_pending_debug_exceptions] =
                 pending_debug::restricted_transactional_memory | pending_debug::enabled_breakpoint; }},
        {pending_debug_rtm, F::guest_pending_debug_exceptions, [](R& r) {
             r.facts.rtm = true;
             r[F::guest_pending_debug_exceptions] = pending_debug::restricted_transactional_memory; }},
        {pending_debug_rtm, F::guest_pending_debug_exceptions, [](R& r) {
             r.facts.rtm = true;
             r[F::guest_interruptibility_state] = interruptibility::mov_ss;
             r[F::guest_pending_debug_exceptions] =
                 pending_debug::restricted_transactional_memory | pending_debug::enabled_breakpoint; }},
        {link_pointer_address, F::vmcs_link_pointer, [](R& r) { r[F::vmcs_link_pointer] = 0x5008; }},
        {link_pointer_address, F::vmcs_link_pointer, [](R& r) { r[F::vmcs_link_pointer] = too_wide; }},

        {guest_pdpte_reserved_bits, F::guest_pdpte0, [](R& r) {
             r.legacy_guest();
             r[F::guest_pdpte0] = 0x5003; }},
        {guest_pdpte_reserved_bits, F::guest_pdpte1, [](R& r) {
             r.legacy_guest();
             r[F::guest_pdpte1] = 0x5021; }},
        {guest_pdpte_reserved_bits, F::guest_pdpte2, [](R& r) {
             r.legacy_guest();
             r[F::guest_pdpte2] = too_wide | 1; }},
        {guest_pdpte_reserved_bits, F::guest_pdpte3, [](R& r) {
             r.legacy_guest();
             r[F::guest_pdpte3] = std::uint64_t{1} << 63 | 1; }},
    };
}
// clang-format on

} // namespace hv::test
