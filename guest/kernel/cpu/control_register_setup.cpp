#include "guest/kernel/cpu/control_register_setup.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"

extern "C" void system_call_entry();

namespace guest {
namespace {

// CPUID feature bits (Intel SDM vol. 2, CPUID).
constexpr std::uint32_t leaf1_edx_pge = 1 << 13;
constexpr std::uint32_t leaf1_edx_fxsr = 1 << 24;
constexpr std::uint32_t leaf1_edx_sse2 = 1 << 26;
constexpr std::uint32_t extended_features = 0x80000001;
constexpr std::uint32_t extended_edx_syscall = 1 << 11;
constexpr std::uint32_t extended_edx_nx = 1 << 20;

void require(bool present, const char* lack) {
    if (!present)
        panic(lack);
}

void check_features() {
    const std::uint32_t features = paravirt::cpuid(1).edx;
    require((features & leaf1_edx_pge) != 0, "the processor has no global pages");
    require((features & leaf1_edx_fxsr) != 0, "the processor has no FXSAVE");
    require((features & leaf1_edx_sse2) != 0, "the processor has no SSE2");
    const std::uint32_t extended = paravirt::cpuid(extended_features).edx;
    require((extended & extended_edx_syscall) != 0, "the processor has no SYSCALL");
    require((extended & extended_edx_nx) != 0, "the processor has no execute-disable");
}

} // namespace

void set_up_control_registers(Cpu& cpu) {
    check_features();

    cpu.cr0 = cr0_pe | cr0_mp | cr0_et | cr0_ne | cr0_wp | cr0_pg;
    cpu.ts_set = true;
    paravirt::set_cr0(cpu.cr0 | cr0_ts);

    // Changing PGE drops every translation, global ones of the identity mapping too (Intel SDM
    // vol. 3, 4.10.4.1).
    constexpr std::uint64_t cr4 = cr4_pae | cr4_osfxsr | cr4_osxmmexcpt;
    address_spaces::drop_identity_mapping();
    paravirt::set_cr4(cr4);
    paravirt::set_cr4(cr4 | cr4_pge);

    set_up_system_calls();
}

void set_up_system_calls() {
    paravirt::wrmsr(msr::efer, paravirt::rdmsr(msr::efer) | msr::efer_sce | msr::efer_nxe);
    // SYSRET takes SS from STAR[63:48] + 8 and CS from + 16 (Intel SDM vol. 2, SYSRET).
    static_assert(user_data_selector == kernel_data_selector + 8 + 3);
    static_assert(user_code_selector == kernel_data_selector + 16 + 3);
    paravirt::wrmsr(msr::star, std::uint64_t{kernel_data_selector | 3} << 48 |
                                   std::uint64_t{kernel_code_selector} << 32);
    paravirt::wrmsr(msr::lstar, reinterpret_cast<std::uint64_t>(&system_call_entry));
    paravirt::wrmsr(msr::fmask, rflags_if | rflags_tf | rflags_df | rflags_nt | rflags_ac);
}

} // namespace guest
