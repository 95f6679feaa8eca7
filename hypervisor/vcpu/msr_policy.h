#pragma once
// Which MSRs are the guest's without an exit, and what the others do.

#include "hypervisor/vmx/msr.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;

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

/// MSRs that a guest reads without an exit, and may not write: kernels look at them in every timer
/// interrupt.
inline constexpr std::array read_only_msrs{Msr::ia32_mperf, Msr::ia32_aperf};

/// Fills the 4 KiB MSR bitmaps (SDM vol. 3, 25.6.9) at a physical address so that all exit but
/// `passed_msrs`, reads of `read_only_msrs`, and the x2APIC registers.
void fill_msr_bitmaps(std::uint64_t physical);

/// Whether a write to the x2APIC's command register exits.
void set_command_exiting(std::uint64_t physical, bool exits);

/// RDMSR of an MSR that exits; nothing where hardware would answer #GP.
std::optional<std::uint64_t> read_guest_msr(Vcpu& vcpu, std::uint32_t msr);

/// WRMSR of an MSR that exits; false where the guest takes #GP.
bool write_guest_msr(Vcpu& vcpu, std::uint32_t msr, std::uint64_t value);

/// The EFER that the processor has while the guest runs. Under shadow paging NXE is always on:
/// pages that only the monitor makes non-executable are, whatever the guest's tables can say.
std::uint64_t real_efer(const Vcpu& vcpu);

} // namespace hv
