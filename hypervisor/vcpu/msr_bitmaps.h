#pragma once
// Which MSRs the guest accesses without a VM exit, and the bitmaps that say so (SDM vol.
// 3, 25.6.9). registers/msr_policy.h says what accesses to the others do.

#include "hypervisor/x86/msr.h"

#include <array>
#include <cstdint>

namespace hv {

/// MSRs the guest reads and writes without an exit: they affect the guest only, or the monitor
/// never uses them. All others exit.
inline constexpr std::array passed_msrs{
    Msr::ia32_time_stamp_counter,
    Msr::ia32_tsc_adjust,
    Msr::ia32_spec_ctrl,
    Msr::ia32_sysenter_cs,
    Msr::ia32_sysenter_esp,
    Msr::ia32_sysenter_eip,
    Msr::ia32_tsc_deadline,
    Msr::ia32_star,
    Msr::ia32_lstar,
    Msr::ia32_cstar,
    Msr::ia32_fmask,
    Msr::ia32_fs_base,
    Msr::ia32_gs_base,
    Msr::ia32_kernel_gs_base,
    Msr::ia32_tsc_aux,
};

/// MSRs that a guest reads without an exit, and may not write: kernels read them in every timer
/// interrupt.
inline constexpr std::array read_only_msrs{Msr::ia32_mperf, Msr::ia32_aperf};

/// MSRs that a guest writes without an exit, and may not read: each bit is a command to the
/// processor's own predictors or caches, and CPUID says whether there is one (7:EDX[26], [28]).
inline constexpr std::array write_only_msrs{Msr::ia32_pred_cmd, Msr::ia32_flush_cmd};

/// Fills the 4 KiB MSR bitmaps (SDM vol. 3, 25.6.9) at a physical address so that every access
/// exits, except to `passed_msrs` and the x2APIC registers, reads of `read_only_msrs`, and writes
/// to `write_only_msrs`.
void fill_msr_bitmaps(std::uint64_t physical);

/// Makes writes to the x2APIC's command register exit, or not, in the bitmaps at a physical
/// address.
void set_command_exiting(std::uint64_t physical, bool exits);

} // namespace hv
