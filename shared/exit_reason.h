#pragma once
// Basic exit reasons (Intel SDM vol. 3, appendix C), spelled as KVM's tables spell them.

#include <array>
#include <cstdint>
#include <string_view>

namespace abi {

enum class ExitReason : std::uint16_t {
    exception_nmi = 0,
    external_interrupt = 1,
    triple_fault = 2,
    init_signal = 3,
    sipi_signal = 4,
    other_smi = 6,
    interrupt_window = 7,
    nmi_window = 8,
    task_switch = 9,
    cpuid = 10,
    getsec = 11,
    hlt = 12,
    invd = 13,
    invlpg = 14,
    rdpmc = 15,
    rdtsc = 16,
    vmcall = 18,
    vmclear = 19,
    vmlaunch = 20,
    vmptrld = 21,
    vmptrst = 22,
    vmread = 23,
    vmresume = 24,
    vmwrite = 25,
    vmoff = 26,
    vmon = 27,
    cr_access = 28,
    dr_access = 29,
    io_instruction = 30,
    msr_read = 31,
    msr_write = 32,
    invalid_state = 33,
    msr_load_fail = 34,
    mwait_instruction = 36,
    monitor_trap_flag = 37,
    monitor_instruction = 39,
    pause_instruction = 40,
    mce_during_vmentry = 41,
    tpr_below_threshold = 43,
    apic_access = 44,
    eoi_induced = 45,
    gdtr_idtr = 46,
    ldtr_tr = 47,
    ept_violation = 48,
    ept_misconfig = 49,
    invept = 50,
    rdtscp = 51,
    preemption_timer = 52,
    invvpid = 53,
    wbinvd = 54,
    xsetbv = 55,
    apic_write = 56,
    rdrand = 57,
    invpcid = 58,
    vmfunc = 59,
    encls = 60,
    rdseed = 61,
    pml_full = 62,
    xsaves = 63,
    xrstors = 64,
    umwait = 67,
    tpause = 68,
};

/// The length of every array that is indexed by exit reason: more than the highest reason.
inline constexpr std::uint32_t exit_reason_limit = 70;

struct ExitReasonName {
    ExitReason reason;
    std::string_view name;
};

inline constexpr std::array exit_reason_names{
    ExitReasonName{ExitReason::exception_nmi, "EXCEPTION_NMI"},
    ExitReasonName{ExitReason::external_interrupt, "EXTERNAL_INTERRUPT"},
    ExitReasonName{ExitReason::triple_fault, "TRIPLE_FAULT"},
    ExitReasonName{ExitReason::init_signal, "INIT_SIGNAL"},
    ExitReasonName{ExitReason::sipi_signal, "SIPI_SIGNAL"},
    ExitReasonName{ExitReason::other_smi, "OTHER_SMI"},
    ExitReasonName{ExitReason::interrupt_window, "INTERRUPT_WINDOW"},
    ExitReasonName{ExitReason::nmi_window, "NMI_WINDOW"},
    ExitReasonName{ExitReason::task_switch, "TASK_SWITCH"},
    ExitReasonName{ExitReason::cpuid, "CPUID"},
    ExitReasonName{ExitReason::getsec, "GETSEC"},
    ExitReasonName{ExitReason::hlt, "HLT"},
    ExitReasonName{ExitReason::invd, "INVD"},
    ExitReasonName{ExitReason::invlpg, "INVLPG"},
    ExitReasonName{ExitReason::rdpmc, "RDPMC"},
    ExitReasonName{ExitReason::rdtsc, "RDTSC"},
    ExitReasonName{ExitReason::vmcall, "VMCALL"},
    ExitReasonName{ExitReason::vmclear, "VMCLEAR"},
    ExitReasonName{ExitReason::vmlaunch, "VMLAUNCH"},
    ExitReasonName{ExitReason::vmptrld, "VMPTRLD"},
    ExitReasonName{ExitReason::vmptrst, "VMPTRST"},
    ExitReasonName{ExitReason::vmread, "VMREAD"},
    ExitReasonName{ExitReason::vmresume, "VMRESUME"},
    ExitReasonName{ExitReason::vmwrite, "VMWRITE"},
    ExitReasonName{ExitReason::vmoff, "VMOFF"},
    ExitReasonName{ExitReason::vmon, "VMON"},
    ExitReasonName{ExitReason::cr_access, "CR_ACCESS"},
    ExitReasonName{ExitReason::dr_access, "DR_ACCESS"},
    ExitReasonName{ExitReason::io_instruction, "IO_INSTRUCTION"},
    ExitReasonName{ExitReason::msr_read, "MSR_READ"},
    ExitReasonName{ExitReason::msr_write, "MSR_WRITE"},
    ExitReasonName{ExitReason::invalid_state, "INVALID_STATE"},
    ExitReasonName{ExitReason::msr_load_fail, "MSR_LOAD_FAIL"},
    ExitReasonName{ExitReason::mwait_instruction, "MWAIT_INSTRUCTION"},
    ExitReasonName{ExitReason::monitor_trap_flag, "MONITOR_TRAP_FLAG"},
    ExitReasonName{ExitReason::monitor_instruction, "MONITOR_INSTRUCTION"},
    ExitReasonName{ExitReason::pause_instruction, "PAUSE_INSTRUCTION"},
    ExitReasonName{ExitReason::mce_during_vmentry, "MCE_DURING_VMENTRY"},
    ExitReasonName{ExitReason::tpr_below_threshold, "TPR_BELOW_THRESHOLD"},
    ExitReasonName{ExitReason::apic_access, "APIC_ACCESS"},
    ExitReasonName{ExitReason::eoi_induced, "EOI_INDUCED"},
    ExitReasonName{ExitReason::gdtr_idtr, "GDTR_IDTR"},
    ExitReasonName{ExitReason::ldtr_tr, "LDTR_TR"},
    ExitReasonName{ExitReason::ept_violation, "EPT_VIOLATION"},
    ExitReasonName{ExitReason::ept_misconfig, "EPT_MISCONFIG"},
    ExitReasonName{ExitReason::invept, "INVEPT"},
    ExitReasonName{ExitReason::rdtscp, "RDTSCP"},
    ExitReasonName{ExitReason::preemption_timer, "PREEMPTION_TIMER"},
    ExitReasonName{ExitReason::invvpid, "INVVPID"},
    ExitReasonName{ExitReason::wbinvd, "WBINVD"},
    ExitReasonName{ExitReason::xsetbv, "XSETBV"},
    ExitReasonName{ExitReason::apic_write, "APIC_WRITE"},
    ExitReasonName{ExitReason::rdrand, "RDRAND"},
    ExitReasonName{ExitReason::invpcid, "INVPCID"},
    ExitReasonName{ExitReason::vmfunc, "VMFUNC"},
    ExitReasonName{ExitReason::encls, "ENCLS"},
    ExitReasonName{ExitReason::rdseed, "RDSEED"},
    ExitReasonName{ExitReason::pml_full, "PML_FULL"},
    ExitReasonName{ExitReason::xsaves, "XSAVES"},
    ExitReasonName{ExitReason::xrstors, "XRSTORS"},
    ExitReasonName{ExitReason::umwait, "UMWAIT"},
    ExitReasonName{ExitReason::tpause, "TPAUSE"},
};

/// The name of a basic exit reason, or "UNKNOWN".
constexpr std::string_view name(ExitReason reason) {
    for (const ExitReasonName& entry : exit_reason_names)
        if (entry.reason == reason)
            return entry.name;
    return "UNKNOWN";
}

} // namespace abi
