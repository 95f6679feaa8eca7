// Negotiating controls against capability MSRs, and the fields of those MSRs.

#include "hypervisor/vmx/capability.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/read_capabilities.h"

#include <gtest/gtest.h>

#include <bit>
#include <map>
#include <set>
#include <string>

namespace hv {
namespace {

constexpr std::uint64_t capability(std::uint32_t may_be_one, std::uint32_t must_be_one) {
    return std::uint64_t{may_be_one} << 32 | must_be_one;
}

TEST(Negotiate, GrantsWhatMayBeOne) {
    constexpr Negotiated result = negotiate(0b0001, 0b0110, capability(0b0111, 0));
    static_assert(result.value == 0b0111);
    EXPECT_EQ(result.missing_required, 0U);
    EXPECT_EQ(result.not_granted, 0U);
    EXPECT_EQ(result.forced, 0U);
}

TEST(Negotiate, ReportsRequiredAndWantedApart) {
    const Negotiated result = negotiate(0b0011, 0b1110, capability(0b0101, 0));
    EXPECT_EQ(result.value, 0b0100U | 0b0001U);
    EXPECT_EQ(result.missing_required, 0b0010U);
    EXPECT_EQ(result.not_granted, 0b1000U) << "the bit that is also required is reported once";
}

TEST(Negotiate, SetsWhatMustBeOne) {
    const Negotiated result = negotiate(0b0001, 0, capability(0b1011, 0b1010));
    EXPECT_EQ(result.value, 0b1011U);
    EXPECT_EQ(result.forced, 0b1010U);
}

TEST(Negotiate, AskedForAndForcedIsNotReportedAsForced) {
    EXPECT_EQ(negotiate(0b0010, 0, capability(0b1010, 0b1010)).forced, 0b1000U);
}

TEST(Negotiate, TopBit) {
    using namespace primary_processor_based;
    const Negotiated result =
        negotiate(activate_secondary_controls, 0, capability(0x7FFFFFFF, 0x0401E172));
    EXPECT_EQ(result.missing_required, activate_secondary_controls);
    EXPECT_EQ(result.value, 0x0401E172U);
}

TEST(Controls, NamesAreCompleteAndUnique) {
    const std::span<const ControlName> groups[] = {pin_based::names, primary_processor_based::names,
                                                   secondary_processor_based::names, vm_exit::names,
                                                   vm_entry::names};
    for (const auto group : groups) {
        std::set<std::uint32_t> seen;
        std::set<std::string_view> names;
        for (const ControlName& row : group) {
            EXPECT_TRUE(std::has_single_bit(row.bit)) << row.name;
            EXPECT_TRUE(seen.insert(row.bit).second) << row.name;
            EXPECT_TRUE(names.insert(row.name).second) << row.name;
            EXPECT_EQ(control_name(group, row.bit), row.name);
        }
    }
    EXPECT_EQ(control_name(pin_based::names, 1U << 30), "reserved");
}

TEST(VmxBasic, Fields) {
    const VmxBasic basic{0x00D8'1000'0000'002A | std::uint64_t{1} << 48};
    EXPECT_EQ(basic.vmcs_revision_identifier(), 0x2AU);
    EXPECT_EQ(basic.region_size(), 0x1000U);
    EXPECT_EQ(basic.memory_type(), 6);
    EXPECT_TRUE(basic.true_controls());
    EXPECT_TRUE(basic.ins_outs_information());
    EXPECT_TRUE(basic.addresses_limited_to_32_bits());
    EXPECT_FALSE(basic.any_error_code());
    EXPECT_TRUE(VmxBasic{std::uint64_t{1} << 56}.any_error_code());
    EXPECT_EQ(VmxBasic{0xFFFFFFFF}.vmcs_revision_identifier(), 0x7FFFFFFFU) << "bit 31 is no part";
}

TEST(VmxMisc, Fields) {
    const VmxMisc misc{1U << 30 | 1U << 29 | 1U << 25 | 4U << 16 | 0b101U << 6 | 5U};
    EXPECT_EQ(misc.preemption_timer_shift(), 5);
    EXPECT_TRUE(misc.activity_hlt());
    EXPECT_FALSE(misc.activity_shutdown());
    EXPECT_TRUE(misc.activity_wait_for_sipi());
    EXPECT_EQ(misc.cr3_target_count(), 4);
    EXPECT_EQ(misc.msr_area_limit(), 1024U);
    EXPECT_TRUE(misc.vmwrite_any_field());
    EXPECT_TRUE(misc.injection_with_length_zero());
}

TEST(EptVpidCapability, EachBitAlone) {
    const auto accessors = std::to_array<std::pair<unsigned, bool (EptVpidCapability::*)() const>>({
        {0, &EptVpidCapability::execute_only},
        {6, &EptVpidCapability::page_walk_length_4},
        {7, &EptVpidCapability::page_walk_length_5},
        {8, &EptVpidCapability::uncacheable},
        {14, &EptVpidCapability::write_back},
        {16, &EptVpidCapability::pages_2_mib},
        {17, &EptVpidCapability::pages_1_gib},
        {20, &EptVpidCapability::invept},
        {21, &EptVpidCapability::accessed_and_dirty_flags},
        {22, &EptVpidCapability::advanced_exit_information},
        {23, &EptVpidCapability::supervisor_shadow_stack},
        {25, &EptVpidCapability::invept_single_context},
        {26, &EptVpidCapability::invept_all_contexts},
        {32, &EptVpidCapability::invvpid},
        {40, &EptVpidCapability::invvpid_individual_address},
        {41, &EptVpidCapability::invvpid_single_context},
        {42, &EptVpidCapability::invvpid_all_contexts},
        {43, &EptVpidCapability::invvpid_single_context_retaining_globals},
    });
    for (const auto& [position, accessor] : accessors) {
        EXPECT_TRUE((EptVpidCapability{std::uint64_t{1} << position}.*accessor)()) << position;
        EXPECT_FALSE((EptVpidCapability{~(std::uint64_t{1} << position)}.*accessor)()) << position;
    }
}

// A processor as a map of MSRs; reading one that is not there is a failure (a #GP on the machine).
class FakeMsrs {
  public:
    explicit FakeMsrs(std::map<Msr, std::uint64_t> values) : values_(std::move(values)) {}
    std::uint64_t operator()(Msr msr) const {
        const auto found = values_.find(msr);
        EXPECT_NE(found, values_.end()) << "RDMSR of 0x" << std::hex << number(msr);
        return found == values_.end() ? 0 : found->second;
    }

  private:
    std::map<Msr, std::uint64_t> values_;
};

TEST(ReadCapabilities, OldProcessorHasOnlyTheFirstRegisters) {
    const FakeMsrs msrs({{Msr::ia32_vmx_basic, 1},
                         {Msr::ia32_vmx_pinbased_ctls, 2},
                         {Msr::ia32_vmx_procbased_ctls, 3},
                         {Msr::ia32_vmx_exit_ctls, 4},
                         {Msr::ia32_vmx_entry_ctls, 5},
                         {Msr::ia32_vmx_misc, 6},
                         {Msr::ia32_vmx_cr0_fixed0, 7},
                         {Msr::ia32_vmx_cr0_fixed1, 8},
                         {Msr::ia32_vmx_cr4_fixed0, 9},
                         {Msr::ia32_vmx_cr4_fixed1, 10}});
    const Capabilities result = read_capabilities(msrs);
    EXPECT_EQ(result.pin_based, 2U);
    EXPECT_EQ(result.primary_processor_based, 3U);
    EXPECT_EQ(result.vm_exit, 4U);
    EXPECT_EQ(result.vm_entry, 5U);
    EXPECT_EQ(result.cr4_fixed1, 10U);
    EXPECT_EQ(result.secondary_processor_based, 0U);
    EXPECT_FALSE(result.may_set_secondary(secondary_processor_based::enable_ept));
}

TEST(ReadCapabilities, NewProcessorHasTheTrueRegisters) {
    const std::uint64_t all_may = capability(0xFFFFFFFF, 0);
    const FakeMsrs msrs({{Msr::ia32_vmx_basic, std::uint64_t{1} << 55},
                         {Msr::ia32_vmx_true_pinbased_ctls, 2},
                         {Msr::ia32_vmx_true_procbased_ctls, all_may},
                         {Msr::ia32_vmx_true_exit_ctls, all_may},
                         {Msr::ia32_vmx_true_entry_ctls, 5},
                         {Msr::ia32_vmx_misc, 6},
                         {Msr::ia32_vmx_cr0_fixed0, 7},
                         {Msr::ia32_vmx_cr0_fixed1, 8},
                         {Msr::ia32_vmx_cr4_fixed0, 9},
                         {Msr::ia32_vmx_cr4_fixed1, 10},
                         {Msr::ia32_vmx_procbased_ctls2, all_may},
                         {Msr::ia32_vmx_procbased_ctls3, 11},
                         {Msr::ia32_vmx_exit_ctls2, 12},
                         {Msr::ia32_vmx_ept_vpid_cap, 13},
                         {Msr::ia32_vmx_vmfunc, 14}});
    const Capabilities result = read_capabilities(msrs);
    EXPECT_EQ(result.pin_based, 2U);
    EXPECT_EQ(result.vm_entry, 5U);
    EXPECT_EQ(result.tertiary_processor_based, 11U);
    EXPECT_EQ(result.secondary_vm_exit, 12U);
    EXPECT_EQ(result.ept_vpid.raw, 13U);
    EXPECT_EQ(result.vm_functions, 14U);
    EXPECT_TRUE(result.may_set_secondary(secondary_processor_based::instruction_timeout));
}

} // namespace
} // namespace hv
