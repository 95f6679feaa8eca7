#pragma once
// The allow-list of MSRs: those that a guest reads (SDM vol. 4, chapter 2). RDMSR of any other
// causes #GP, as on a processor that does not have it; so does WRMSR. registers/msr_policy.cpp says
// what a write does, and which of these do not have the processor's value.

#include "hypervisor/x86/msr.h"

#include <array>
#include <cstdint>

namespace hv {

struct MsrRange {
    Msr first;
    Msr last;

    constexpr bool contains(std::uint32_t msr) const {
        return msr >= number(first) && msr <= number(last);
    }
};

/// Read where the processor has them. Beside these, the MSRs of vcpu/msr_bitmaps.h and the MTRRs.
inline constexpr auto readable_msrs = std::to_array<MsrRange>({
    {Msr::ia32_p5_mc_addr, Msr::ia32_p5_mc_type},
    {Msr::ia32_monitor_filter_size, Msr::ia32_monitor_filter_size},
    {Msr::ia32_platform_id, Msr::ia32_platform_id},
    {Msr::ia32_apic_base, Msr::ia32_apic_base},
    {Msr::ia32_bios_sign_id, Msr::ia32_bios_sign_id},
    {Msr::platform_info, Msr::platform_info}, // Linux reads these two and POWER_CTL by plain RDMSR
    {Msr::pkg_cst_config_control, Msr::pkg_cst_config_control},
    {Msr::ia32_mtrrcap, Msr::ia32_mtrrcap},
    {Msr::ia32_arch_capabilities, Msr::ia32_arch_capabilities},
    {Msr::ia32_mcg_cap, Msr::ia32_mcg_status},
    {Msr::ia32_misc_enable, Msr::ia32_misc_enable},
    {Msr::ia32_debugctl, Msr::ia32_debugctl},
    {Msr::power_ctl, Msr::power_ctl},
    {Msr::ia32_pat, Msr::ia32_pat},
    {Msr::ia32_xss, Msr::ia32_xss}, // always 0: no state component of XSAVES is offered
    {Msr::ia32_efer, Msr::ia32_efer},
    // What IA32_DEBUGCTL.LBR records; which of them there are depends on the model.
    {Msr::lbr_select, Msr::lastbranch_tos},
    {Msr::lastbranch_from_ip, Msr::ler_to_ip},
    {Msr::lastbranch_0_from_ip, Msr::lastbranch_31_from_ip},
    {Msr::lastbranch_0_to_ip, Msr::lastbranch_31_to_ip},
    {Msr::lbr_info_0, Msr::lbr_info_31},
});

/// Bits of IA32_MCG_CAP that are passed on: the number of banks, MCG_CTL_P, MCG_TES_P, MCG_SER_P
/// (SDM vol. 3, 16.3.1.1). The others name MSRs that the guest does not have (CMCI, LMCE).
inline constexpr std::uint64_t mcg_cap_offered = 0xFF | 1 << 8 | 1 << 11 | 1 << 24;

/// Bits of IA32_ARCH_CAPABILITIES that are passed on: those that say that the processor is not
/// affected by something, or what VERW does. The others name MSRs that the guest does not have.
/// RDCL_NO, IBRS_ALL, RSBA, SKIP_L1DFL_VMENTRY, SSB_NO, MDS_NO, IF_PSCHANGE_MC_NO, TAA_NO;
/// SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, FB_CLEAR; RRSBA, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO, RFDS_CLEAR.
inline constexpr std::uint64_t arch_capabilities_offered =
    0x17F | 0b111 << 13 | 1 << 17 | 0b11 << 19 | 1 << 24 | 0b111 << 26;

/// Whether a guest may read this MSR. IA32_MCG_CAP and IA32_MTRRCAP are the processor's: of machine
/// check and MTRRs the guest reads what there is.
bool is_readable_msr(std::uint32_t msr, std::uint64_t mcg_cap, std::uint64_t mtrr_capability);

/// The four registers of the machine-check banks (SDM vol. 3, 16.3.2).
enum class BankRegister : std::uint8_t { control, status, address, miscellaneous };

/// Whether this is an MSR of a machine-check bank that the processor has, and which.
bool is_bank_msr(std::uint32_t msr, std::uint64_t mcg_cap);
constexpr BankRegister bank_register(std::uint32_t msr) {
    return static_cast<BankRegister>(msr & 3);
}

/// Whether this is an MTRR that the processor, whose IA32_MTRRCAP this is, has (SDM vol. 3,
/// 12.11.1).
bool is_mtrr(std::uint32_t msr, std::uint64_t mtrr_capability);

/// Whether the processor would take this value for the MTRR: WRMSR of a memory type that does not
/// exist, or of a reserved bit, causes #GP (SDM vol. 3, 12.11.2).
bool is_mtrr_value(std::uint32_t msr, std::uint64_t value, std::uint8_t physical_address_bits);

} // namespace hv
