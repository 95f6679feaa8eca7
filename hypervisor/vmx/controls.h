#pragma once
// Bits of the VM-execution, VM-exit and VM-entry controls, with the manual's names.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

struct ControlName {
    std::uint32_t bit; ///< a word with this one bit set
    std::string_view name;
};

/// Pin-based VM-execution controls (SDM vol. 3, table 25-5).
namespace pin_based {
inline constexpr std::uint32_t external_interrupt_exiting = 1U << 0;
inline constexpr std::uint32_t nmi_exiting = 1U << 3;
inline constexpr std::uint32_t virtual_nmis = 1U << 5;
inline constexpr std::uint32_t activate_vmx_preemption_timer = 1U << 6;
inline constexpr std::uint32_t process_posted_interrupts = 1U << 7;

inline constexpr auto names = std::to_array<ControlName>({
    {external_interrupt_exiting, "external-interrupt exiting"},
    {nmi_exiting, "NMI exiting"},
    {virtual_nmis, "virtual NMIs"},
    {activate_vmx_preemption_timer, "activate VMX-preemption timer"},
    {process_posted_interrupts, "process posted interrupts"},
});
} // namespace pin_based

/// Primary processor-based VM-execution controls (table 25-6).
namespace primary_processor_based {
inline constexpr std::uint32_t interrupt_window_exiting = 1U << 2;
inline constexpr std::uint32_t use_tsc_offsetting = 1U << 3;
inline constexpr std::uint32_t hlt_exiting = 1U << 7;
inline constexpr std::uint32_t invlpg_exiting = 1U << 9;
inline constexpr std::uint32_t mwait_exiting = 1U << 10;
inline constexpr std::uint32_t rdpmc_exiting = 1U << 11;
inline constexpr std::uint32_t rdtsc_exiting = 1U << 12;
inline constexpr std::uint32_t cr3_load_exiting = 1U << 15;
inline constexpr std::uint32_t cr3_store_exiting = 1U << 16;
inline constexpr std::uint32_t activate_tertiary_controls = 1U << 17;
inline constexpr std::uint32_t cr8_load_exiting = 1U << 19;
inline constexpr std::uint32_t cr8_store_exiting = 1U << 20;
inline constexpr std::uint32_t use_tpr_shadow = 1U << 21;
inline constexpr std::uint32_t nmi_window_exiting = 1U << 22;
inline constexpr std::uint32_t mov_dr_exiting = 1U << 23;
inline constexpr std::uint32_t unconditional_io_exiting = 1U << 24;
inline constexpr std::uint32_t use_io_bitmaps = 1U << 25;
inline constexpr std::uint32_t monitor_trap_flag = 1U << 27;
inline constexpr std::uint32_t use_msr_bitmaps = 1U << 28;
inline constexpr std::uint32_t monitor_exiting = 1U << 29;
inline constexpr std::uint32_t pause_exiting = 1U << 30;
inline constexpr std::uint32_t activate_secondary_controls = 1U << 31;

inline constexpr auto names = std::to_array<ControlName>({
    {interrupt_window_exiting, "interrupt-window exiting"},
    {use_tsc_offsetting, "use TSC offsetting"},
    {hlt_exiting, "HLT exiting"},
    {invlpg_exiting, "INVLPG exiting"},
    {mwait_exiting, "MWAIT exiting"},
    {rdpmc_exiting, "RDPMC exiting"},
    {rdtsc_exiting, "RDTSC exiting"},
    {cr3_load_exiting, "CR3-load exiting"},
    {cr3_store_exiting, "CR3-store exiting"},
    {activate_tertiary_controls, "activate tertiary controls"},
    {cr8_load_exiting, "CR8-load exiting"},
    {cr8_store_exiting, "CR8-store exiting"},
    {use_tpr_shadow, "use TPR shadow"},
    {nmi_window_exiting, "NMI-window exiting"},
    {mov_dr_exiting, "MOV-DR exiting"},
    {unconditional_io_exiting, "unconditional I/O exiting"},
    {use_io_bitmaps, "use I/O bitmaps"},
    {monitor_trap_flag, "monitor trap flag"},
    {use_msr_bitmaps, "use MSR bitmaps"},
    {monitor_exiting, "MONITOR exiting"},
    {pause_exiting, "PAUSE exiting"},
    {activate_secondary_controls, "activate secondary controls"},
});
} // namespace primary_processor_based

/// Secondary processor-based VM-execution controls (table 25-7).
namespace secondary_processor_based {
inline constexpr std::uint32_t virtualize_apic_accesses = 1U << 0;
inline constexpr std::uint32_t enable_ept = 1U << 1;
inline constexpr std::uint32_t descriptor_table_exiting = 1U << 2;
inline constexpr std::uint32_t enable_rdtscp = 1U << 3;
inline constexpr std::uint32_t virtualize_x2apic_mode = 1U << 4;
inline constexpr std::uint32_t enable_vpid = 1U << 5;
inline constexpr std::uint32_t wbinvd_exiting = 1U << 6;
inline constexpr std::uint32_t unrestricted_guest = 1U << 7;
inline constexpr std::uint32_t apic_register_virtualization = 1U << 8;
inline constexpr std::uint32_t virtual_interrupt_delivery = 1U << 9;
inline constexpr std::uint32_t pause_loop_exiting = 1U << 10;
inline constexpr std::uint32_t rdrand_exiting = 1U << 11;
inline constexpr std::uint32_t enable_invpcid = 1U << 12;
inline constexpr std::uint32_t enable_vm_functions = 1U << 13;
inline constexpr std::uint32_t vmcs_shadowing = 1U << 14;
inline constexpr std::uint32_t enable_encls_exiting = 1U << 15;
inline constexpr std::uint32_t rdseed_exiting = 1U << 16;
inline constexpr std::uint32_t enable_pml = 1U << 17;
inline constexpr std::uint32_t ept_violation_ve = 1U << 18;
inline constexpr std::uint32_t conceal_vmx_from_pt = 1U << 19;
inline constexpr std::uint32_t enable_xsaves_xrstors = 1U << 20;
inline constexpr std::uint32_t pasid_translation = 1U << 21;
inline constexpr std::uint32_t mode_based_execute_control = 1U << 22;
inline constexpr std::uint32_t sub_page_write_permissions = 1U << 23;
inline constexpr std::uint32_t intel_pt_uses_guest_physical_addresses = 1U << 24;
inline constexpr std::uint32_t use_tsc_scaling = 1U << 25;
inline constexpr std::uint32_t enable_user_wait_and_pause = 1U << 26;
inline constexpr std::uint32_t enable_pconfig = 1U << 27;
inline constexpr std::uint32_t enable_enclv_exiting = 1U << 28;
inline constexpr std::uint32_t vmm_bus_lock_detection = 1U << 30;
inline constexpr std::uint32_t instruction_timeout = 1U << 31;

inline constexpr auto names = std::to_array<ControlName>({
    {virtualize_apic_accesses, "virtualize APIC accesses"},
    {enable_ept, "enable EPT"},
    {descriptor_table_exiting, "descriptor-table exiting"},
    {enable_rdtscp, "enable RDTSCP"},
    {virtualize_x2apic_mode, "virtualize x2APIC mode"},
    {enable_vpid, "enable VPID"},
    {wbinvd_exiting, "WBINVD exiting"},
    {unrestricted_guest, "unrestricted guest"},
    {apic_register_virtualization, "APIC-register virtualization"},
    {virtual_interrupt_delivery, "virtual-interrupt delivery"},
    {pause_loop_exiting, "PAUSE-loop exiting"},
    {rdrand_exiting, "RDRAND exiting"},
    {enable_invpcid, "enable INVPCID"},
    {enable_vm_functions, "enable VM functions"},
    {vmcs_shadowing, "VMCS shadowing"},
    {enable_encls_exiting, "enable ENCLS exiting"},
    {rdseed_exiting, "RDSEED exiting"},
    {enable_pml, "enable PML"},
    {ept_violation_ve, "EPT-violation #VE"},
    {conceal_vmx_from_pt, "conceal VMX from PT"},
    {enable_xsaves_xrstors, "enable XSAVES/XRSTORS"},
    {pasid_translation, "PASID translation"},
    {mode_based_execute_control, "mode-based execute control for EPT"},
    {sub_page_write_permissions, "sub-page write permissions for EPT"},
    {intel_pt_uses_guest_physical_addresses, "Intel PT uses guest physical addresses"},
    {use_tsc_scaling, "use TSC scaling"},
    {enable_user_wait_and_pause, "enable user wait and pause"},
    {enable_pconfig, "enable PCONFIG"},
    {enable_enclv_exiting, "enable ENCLV exiting"},
    {vmm_bus_lock_detection, "VMM bus-lock detection"},
    {instruction_timeout, "instruction timeout"},
});
} // namespace secondary_processor_based

/// Tertiary processor-based VM-execution controls (table 25-8), a 64-bit field.
namespace tertiary_processor_based {
inline constexpr std::uint64_t loadiwkey_exiting = 1U << 0;
inline constexpr std::uint64_t enable_hlat = 1U << 1;
inline constexpr std::uint64_t ept_paging_write_control = 1U << 2;
inline constexpr std::uint64_t guest_paging_verification = 1U << 3;
inline constexpr std::uint64_t ipi_virtualization = 1U << 4;
} // namespace tertiary_processor_based

/// VM-function controls (table 25-10), a 64-bit field.
namespace vm_function {
inline constexpr std::uint64_t eptp_switching = 1U << 0;
} // namespace vm_function

/// Primary VM-exit controls (table 25-13).
namespace vm_exit {
inline constexpr std::uint32_t save_debug_controls = 1U << 2;
inline constexpr std::uint32_t host_address_space_size = 1U << 9;
inline constexpr std::uint32_t load_ia32_perf_global_ctrl = 1U << 12;
inline constexpr std::uint32_t acknowledge_interrupt_on_exit = 1U << 15;
inline constexpr std::uint32_t save_ia32_pat = 1U << 18;
inline constexpr std::uint32_t load_ia32_pat = 1U << 19;
inline constexpr std::uint32_t save_ia32_efer = 1U << 20;
inline constexpr std::uint32_t load_ia32_efer = 1U << 21;
inline constexpr std::uint32_t save_vmx_preemption_timer_value = 1U << 22;
inline constexpr std::uint32_t clear_ia32_bndcfgs = 1U << 23;
inline constexpr std::uint32_t conceal_vmx_from_pt = 1U << 24;
inline constexpr std::uint32_t clear_ia32_rtit_ctl = 1U << 25;
inline constexpr std::uint32_t clear_ia32_lbr_ctl = 1U << 26;
inline constexpr std::uint32_t clear_uinv = 1U << 27;
inline constexpr std::uint32_t load_cet_state = 1U << 28;
inline constexpr std::uint32_t load_pkrs = 1U << 29;
inline constexpr std::uint32_t save_ia32_perf_global_ctl = 1U << 30;
inline constexpr std::uint32_t activate_secondary_controls = 1U << 31;

inline constexpr auto names = std::to_array<ControlName>({
    {save_debug_controls, "save debug controls"},
    {host_address_space_size, "host address-space size"},
    {load_ia32_perf_global_ctrl, "load IA32_PERF_GLOBAL_CTRL"},
    {acknowledge_interrupt_on_exit, "acknowledge interrupt on exit"},
    {save_ia32_pat, "save IA32_PAT"},
    {load_ia32_pat, "load IA32_PAT"},
    {save_ia32_efer, "save IA32_EFER"},
    {load_ia32_efer, "load IA32_EFER"},
    {save_vmx_preemption_timer_value, "save VMX-preemption timer value"},
    {clear_ia32_bndcfgs, "clear IA32_BNDCFGS"},
    {conceal_vmx_from_pt, "conceal VMX from PT"},
    {clear_ia32_rtit_ctl, "clear IA32_RTIT_CTL"},
    {clear_ia32_lbr_ctl, "clear IA32_LBR_CTL"},
    {clear_uinv, "clear UINV"},
    {load_cet_state, "load CET state"},
    {load_pkrs, "load PKRS"},
    {save_ia32_perf_global_ctl, "save IA32_PERF_GLOBAL_CTL"},
    {activate_secondary_controls, "activate secondary controls"},
});
} // namespace vm_exit

/// VM-entry controls (table 25-15).
namespace vm_entry {
inline constexpr std::uint32_t load_debug_controls = 1U << 2;
inline constexpr std::uint32_t ia32e_mode_guest = 1U << 9;
inline constexpr std::uint32_t entry_to_smm = 1U << 10;
inline constexpr std::uint32_t deactivate_dual_monitor_treatment = 1U << 11;
inline constexpr std::uint32_t load_ia32_perf_global_ctrl = 1U << 13;
inline constexpr std::uint32_t load_ia32_pat = 1U << 14;
inline constexpr std::uint32_t load_ia32_efer = 1U << 15;
inline constexpr std::uint32_t load_ia32_bndcfgs = 1U << 16;
inline constexpr std::uint32_t conceal_vmx_from_pt = 1U << 17;
inline constexpr std::uint32_t load_ia32_rtit_ctl = 1U << 18;
inline constexpr std::uint32_t load_uinv = 1U << 19;
inline constexpr std::uint32_t load_cet_state = 1U << 20;
inline constexpr std::uint32_t load_guest_ia32_lbr_ctl = 1U << 21;
inline constexpr std::uint32_t load_pkrs = 1U << 22;

inline constexpr auto names = std::to_array<ControlName>({
    {load_debug_controls, "load debug controls"},
    {ia32e_mode_guest, "IA-32e mode guest"},
    {entry_to_smm, "entry to SMM"},
    {deactivate_dual_monitor_treatment, "deactivate dual-monitor treatment"},
    {load_ia32_perf_global_ctrl, "load IA32_PERF_GLOBAL_CTRL"},
    {load_ia32_pat, "load IA32_PAT"},
    {load_ia32_efer, "load IA32_EFER"},
    {load_ia32_bndcfgs, "load IA32_BNDCFGS"},
    {conceal_vmx_from_pt, "conceal VMX from PT"},
    {load_ia32_rtit_ctl, "load IA32_RTIT_CTL"},
    {load_uinv, "load UINV"},
    {load_cet_state, "load CET state"},
    {load_guest_ia32_lbr_ctl, "load guest IA32_LBR_CTL"},
    {load_pkrs, "load PKRS"},
});
} // namespace vm_entry

/// The manual's name of a control, or "reserved". `control_bit` has one bit set.
constexpr std::string_view control_name(std::span<const ControlName> names,
                                        std::uint32_t control_bit) {
    for (const ControlName& row : names)
        if (row.bit == control_bit)
            return row.name;
    return "reserved";
}

} // namespace hv
