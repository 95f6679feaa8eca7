#pragma once
// Numbers of the model-specific registers we name (SDM vol. 4, chapter 2).

#include <cstdint>

namespace hv {

enum class Msr : std::uint32_t {
    ia32_p5_mc_addr = 0x0,
    ia32_p5_mc_type = 0x1,
    ia32_monitor_filter_size = 0x6,
    ia32_time_stamp_counter = 0x10,
    ia32_platform_id = 0x17,
    ia32_apic_base = 0x1B,
    ia32_feature_control = 0x3A,
    ia32_tsc_adjust = 0x3B,
    ia32_spec_ctrl = 0x48,
    ia32_pred_cmd = 0x49,
    ia32_bios_sign_id = 0x8B,
    platform_info = 0xCE,
    pkg_cst_config_control = 0xE2,
    ia32_mperf = 0xE7,
    ia32_aperf = 0xE8,
    ia32_mtrrcap = 0xFE,
    ia32_arch_capabilities = 0x10A,
    ia32_flush_cmd = 0x10B,
    ia32_sysenter_cs = 0x174,
    ia32_sysenter_esp = 0x175,
    ia32_sysenter_eip = 0x176,
    ia32_mcg_cap = 0x179,
    ia32_mcg_status = 0x17A,
    ia32_mcg_ctl = 0x17B,
    ia32_misc_enable = 0x1A0,
    lbr_select = 0x1C8,
    lastbranch_tos = 0x1C9,
    ia32_debugctl = 0x1D9,
    lastbranch_from_ip = 0x1DB,
    ler_to_ip = 0x1DE, ///< the last of four; LASTBRANCHTOIP and LER_FROM_IP lie between
    power_ctl = 0x1FC,
    ia32_mtrr_physbase0 = 0x200,
    ia32_mtrr_physmask0 = 0x201,
    ia32_mtrr_fix64k_00000 = 0x250,
    ia32_mtrr_fix16k_80000 = 0x258,
    ia32_mtrr_fix16k_a0000 = 0x259,
    ia32_mtrr_fix4k_c0000 = 0x268,
    ia32_mtrr_fix4k_c8000 = 0x269,
    ia32_mtrr_fix4k_d0000 = 0x26A,
    ia32_mtrr_fix4k_d8000 = 0x26B,
    ia32_mtrr_fix4k_e0000 = 0x26C,
    ia32_mtrr_fix4k_e8000 = 0x26D,
    ia32_mtrr_fix4k_f0000 = 0x26E,
    ia32_mtrr_fix4k_f8000 = 0x26F,
    ia32_pat = 0x277,
    ia32_mtrr_def_type = 0x2FF,
    ia32_perf_global_ctrl = 0x38F,
    ia32_mc0_ctl = 0x400, ///< CTL, STATUS, ADDR and MISC for each bank (SDM vol. 3, 16.3.2)
    ia32_vmx_basic = 0x480,
    ia32_vmx_pinbased_ctls = 0x481,
    ia32_vmx_procbased_ctls = 0x482,
    ia32_vmx_exit_ctls = 0x483,
    ia32_vmx_entry_ctls = 0x484,
    ia32_vmx_misc = 0x485,
    ia32_vmx_cr0_fixed0 = 0x486,
    ia32_vmx_cr0_fixed1 = 0x487,
    ia32_vmx_cr4_fixed0 = 0x488,
    ia32_vmx_cr4_fixed1 = 0x489,
    ia32_vmx_vmcs_enum = 0x48A,
    ia32_vmx_procbased_ctls2 = 0x48B,
    ia32_vmx_ept_vpid_cap = 0x48C,
    ia32_vmx_true_pinbased_ctls = 0x48D,
    ia32_vmx_true_procbased_ctls = 0x48E,
    ia32_vmx_true_exit_ctls = 0x48F,
    ia32_vmx_true_entry_ctls = 0x490,
    ia32_vmx_vmfunc = 0x491,
    ia32_vmx_procbased_ctls3 = 0x492,
    ia32_vmx_exit_ctls2 = 0x493,
    lastbranch_0_from_ip = 0x680,
    lastbranch_31_from_ip = 0x69F,
    lastbranch_0_to_ip = 0x6C0,
    lastbranch_31_to_ip = 0x6DF,
    ia32_tsc_deadline = 0x6E0,
    ia32_pkrs = 0x6E1,
    x2apic_first = 0x800, ///< the x2APIC registers fill 0x800 to 0x8FF (SDM vol. 3, 11.12.1.2)
    x2apic_id = 0x802,
    x2apic_command = 0x830,
    x2apic_last = 0x8FF,
    ia32_bndcfgs = 0xD90,
    ia32_xss = 0xDA0,
    lbr_info_0 = 0xDC0,
    lbr_info_31 = 0xDDF,
    ia32_efer = 0xC0000080,
    ia32_star = 0xC0000081,
    ia32_lstar = 0xC0000082,
    ia32_cstar = 0xC0000083,
    ia32_fmask = 0xC0000084,
    ia32_fs_base = 0xC0000100,
    ia32_gs_base = 0xC0000101,
    ia32_kernel_gs_base = 0xC0000102,
    ia32_tsc_aux = 0xC0000103,
};

constexpr std::uint32_t number(Msr msr) { return static_cast<std::uint32_t>(msr); }

/// IA32_MTRR_PHYSBASEn, n below IA32_MTRRCAP.VCNT.
constexpr Msr ia32_mtrr_physbase(std::uint32_t n) {
    return static_cast<Msr>(number(Msr::ia32_mtrr_physbase0) + 2 * n);
}
/// IA32_MTRR_PHYSMASKn, n below IA32_MTRRCAP.VCNT.
constexpr Msr ia32_mtrr_physmask(std::uint32_t n) {
    return static_cast<Msr>(number(Msr::ia32_mtrr_physmask0) + 2 * n);
}

/// Bits of IA32_FEATURE_CONTROL (SDM vol. 3, 24.7).
namespace feature_control {
inline constexpr std::uint64_t lock = 1 << 0;
inline constexpr std::uint64_t vmx_inside_smx = 1 << 1;
inline constexpr std::uint64_t vmx_outside_smx = 1 << 2;
} // namespace feature_control

/// Bits of IA32_EFER (SDM vol. 3, 2.2.1).
namespace efer {
inline constexpr std::uint64_t syscall_enable = 1 << 0;
inline constexpr std::uint64_t long_mode_enable = 1 << 8;
inline constexpr std::uint64_t long_mode_active = 1 << 10;
inline constexpr std::uint64_t execute_disable_enable = 1 << 11;
} // namespace efer

} // namespace hv
