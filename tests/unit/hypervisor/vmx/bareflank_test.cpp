// Our VMCS encodings, exit reasons, controls and MSR numbers against checkouts of Bareflank, when
// CMake was given some: -DLAZYHV_MICROV_DIR="DIR;DIR". Two have them:
// - Bareflank/hypervisor, branch master (kernel/include/x64/intel/vmcs_t.hpp);
// - Bareflank/MicroV, branch mono (deps/hypervisor/bfintrinsics/include/arch/intel_x64/vmcs/).
// MicroV's branch master takes its VMCS header from the former, and has none of its own.

#ifdef LAZYHV_MICROV_DIRS

#include "hypervisor/vmx/controls.h"
#include "hypervisor/x86/msr.h"
#include "shared/exit_reason.h"
#include "tests/unit/cases/bareflank_headers.h"
#include "tests/unit/cases/vmcs_field_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <map>
#include <sstream>

namespace hv::test {
namespace {

std::vector<std::filesystem::path> checkouts() {
    std::vector<std::filesystem::path> folders;
    std::istringstream list{LAZYHV_MICROV_DIRS};
    for (std::string folder; std::getline(list, folder, ':');)
        folders.emplace_back(folder);
    return folders;
}

// Names of ours that no rule of spelling leads to, by theirs.
const std::map<std::string, std::string_view> other_names{
    // Exit reasons, which we spell as KVM does.
    {"exception_or_non_maskable_interrupt", "EXCEPTION_NMI"},
    {"nmi", "EXCEPTION_NMI"},
    {"sipi", "SIPI_SIGNAL"},
    {"vmxoff", "VMOFF"},
    {"vmxon", "VMON"},
    {"control_register_accesses", "CR_ACCESS"},
    {"mov_dr", "DR_ACCESS"},
    {"rdmsr", "MSR_READ"},
    {"wrmsr", "MSR_WRITE"},
    {"vm_entry_failure_invalid_guest_state", "INVALID_STATE"},
    {"vm_entry_failure_msr_loading", "MSR_LOAD_FAIL"},
    {"mwait", "MWAIT_INSTRUCTION"},
    {"monitor", "MONITOR_INSTRUCTION"},
    {"pause", "PAUSE_INSTRUCTION"},
    {"vm_entry_failure_machine_check_event", "MCE_DURING_VMENTRY"},
    {"virtualized_eoi", "EOI_INDUCED"},
    {"access_to_gdtr_or_idtr", "GDTR_IDTR"},
    {"access_to_ldtr_or_tr", "LDTR_TR"},
    {"ept_misconfiguration", "EPT_MISCONFIG"},
    {"preemption_timer_expired", "PREEMPTION_TIMER"},
    // Controls.
    {"activate_preemption_timer", "activate VMX-preemption timer"},
    {"unconditional_io_exiting", "unconditional I/O exiting"},
    {"use_io_bitmaps", "use I/O bitmaps"},
    {"save_preemption_timer_value", "save VMX-preemption timer value"},
    // MicroV gives it bit 23, which is its clear_ia32_bndcfgs as well. It is bit 24 (SDM vol. 3,
    // table 25-13).
    {"pt_conceal_vm_exits", "clear IA32_BNDCFGS"},
    {"pt_conceal_vm_entries", "conceal VMX from PT"},
    {"pt_conceal_vmx_nonroot_operation", "conceal VMX from PT"},
    {"ept_mode_based_control", "mode-based execute control for EPT"},
    // MSRs.
    {"VMX_TRUE_PIN_CTLS", "ia32_vmx_true_pinbased_ctls"},
    {"VMX_TRUE_PROC_CTLS", "ia32_vmx_true_procbased_ctls"},
    {"VMX_TRUE_PROC2_CTLS", "ia32_vmx_procbased_ctls2"},
    {"ia32_tsc", "ia32_time_stamp_counter"},
    {"ia32_mtrr_physbase", "ia32_mtrr_physbase0"},
    {"ia32_mtrr_physmask", "ia32_mtrr_physmask0"},
};

std::string words(std::string_view name) {
    std::string joined;
    for (const char c : name)
        joined += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
    return normalised(joined);
}

void expect_same_name(const std::string& theirs, std::string_view ours) {
    const auto other = other_names.find(theirs);
    EXPECT_EQ(words(other == other_names.end() ? theirs : other->second), words(ours))
        << theirs << " and our " << ours << " have the same number";
}

std::size_t compare_fields(const BareflankHeaders& headers) {
    std::vector<ForeignField> fields;
    for (const auto& [name, encoding] : headers.fields)
        fields.push_back({name, encoding});
    expect_same_fields(fields);
    return fields.size();
}

std::size_t compare_exit_reasons(const BareflankHeaders& headers) {
    std::size_t compared = 0;
    for (const auto& [name, number] : headers.exit_reasons) {
        const auto row = std::find_if(abi::exit_reason_names.begin(), abi::exit_reason_names.end(),
                                      [number = number](const abi::ExitReasonName& ours) {
                                          return static_cast<std::uint32_t>(ours.reason) == number;
                                      });
        if (row == abi::exit_reason_names.end())
            continue; // SMM's own: SMI and RSM do not exit to us
        expect_same_name(name, row->name);
        ++compared;
    }
    return compared;
}

std::span<const ControlName> controls_of(std::string_view field) {
    if (field.starts_with("pin_based"))
        return pin_based::names;
    if (field.starts_with("primary"))
        return primary_processor_based::names;
    if (field.starts_with("secondary"))
        return secondary_processor_based::names;
    return field.starts_with("vm_exit") ? std::span<const ControlName>{vm_exit::names}
                                        : std::span<const ControlName>{vm_entry::names};
}

std::size_t compare_control_bits(const BareflankHeaders& headers) {
    for (const auto& [field, name, position] : headers.control_bits)
        expect_same_name(name, control_name(controls_of(field), std::uint32_t{1} << position));
    return headers.control_bits.size();
}

// Our enumerators by number, from the header itself: the program has no names of MSRs.
std::map<std::uint32_t, std::string> our_msrs() {
    const auto tokens =
        read_tokens(std::filesystem::path{LAZYHV_SOURCE_DIR} / "hypervisor/x86/msr.h");
    std::map<std::uint32_t, std::string> names;
    for (std::size_t i = 2; i < tokens.size(); ++i)
        if (const auto number = hexadecimal(tokens[i]); number && tokens[i - 1] == "=")
            names.emplace(*number, tokens[i - 2]);
    return names;
}

std::size_t compare_msrs(const BareflankHeaders& headers) {
    const auto ours = our_msrs();
    std::size_t compared = 0;
    for (const auto& [name, number] : headers.msrs) {
        const auto row = ours.find(number);
        if (row == ours.end())
            continue;
        expect_same_name(name, row->second);
        ++compared;
    }
    return compared;
}

TEST(Bareflank, Agrees) {
    for (const std::filesystem::path& checkout : checkouts()) {
        SCOPED_TRACE(checkout);
        ASSERT_TRUE(std::filesystem::is_directory(checkout)) << checkout;
        const BareflankHeaders headers = read_bareflank(checkout);
        ASSERT_GT(headers.fields.size(), 100U)
            << "no VMCS header: give a checkout of Bareflank/hypervisor, branch master, or of "
               "Bareflank/MicroV, branch mono; MicroV's branch master has none";
        std::cout << checkout.string() << ": compared " << compare_fields(headers)
                  << " VMCS encodings, " << compare_exit_reasons(headers) << " exit reasons, "
                  << compare_control_bits(headers) << " control bits, " << compare_msrs(headers)
                  << " MSRs\n";
    }
}

} // namespace
} // namespace hv::test

#endif
