// The VM-entry checker: the reference passes, each case breaks its one rule, no rule is without a
// case.

#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/segment.h"
#include "tests/unit/cases/entry_case.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace hv::test {
namespace {

std::string words(const EntryReport& report) {
    std::string all;
    for (const Violation& violation : report.violations())
        all += "  " + std::string(text(violation.rule).name) + " by " +
               std::string(name(violation.field)) + "\n";
    return all;
}

std::vector<EntryCase> all_cases() {
    std::vector<EntryCase> all;
    for (const auto& part : {control_cases(), host_cases(), guest_cases(), guest_segment_cases()})
        all.insert(all.end(), part.begin(), part.end());
    return all;
}

TEST(EntryChecker, ReferencePasses) {
    Reference reference;
    EXPECT_EQ(words(check(reference)), "");
}

TEST(EntryChecker, OtherGuestsPass) {
    const auto passes = [](void (*make)(Reference&)) {
        Reference reference;
        make(reference);
        EXPECT_EQ(words(check(reference)), "");
    };
    passes([](Reference& r) { r.legacy_guest(); });
    passes([](Reference& r) { r.real_mode_guest(); });
    passes([](Reference& r) { r.virtual_8086_guest(); });
    passes([](Reference& r) {
        r.without_ept();
        r.legacy_guest();
    });
    passes([](Reference& r) {
        r.inject(InterruptionInformation::exception(vector::page_fault).raw);
        r[Field::vm_entry_exception_error_code] = 2;
    });
}

// Looser than it looks: what the rules let pass.
TEST(EntryChecker, ExceptionsToTheSegmentRulesPass) {
    const auto passes = [](void (*make)(Reference&)) {
        Reference reference;
        make(reference);
        EXPECT_EQ(words(check(reference)), "");
    };
    passes([](Reference& r) { // RPLs mean nothing in virtual-8086 mode
        r.virtual_8086_guest();
        r[Field::guest_ss_selector] = 0x1235;
        r[Field::guest_ss_base] = 0x12350;
    });
    passes([](Reference& r) { // unrestricted: SS's RPL and data DPLs are free
        r.secondary(secondary_processor_based::unrestricted_guest);
        r[Field::guest_ss_selector] = 0x13;
        r[Field::guest_ds_access_rights] = 0xC093;
    });
    passes([](Reference& r) { // conforming code loaded as data, DPL below RPL
        r[Field::guest_ds_access_rights] = 0xC09F;
    });
    passes([](Reference& r) { // conforming code of ring 0, running at CPL 3
        r[Field::guest_cs_selector] = 0x0B;
        r[Field::guest_cs_access_rights] = 0xA09F;
        r[Field::guest_ss_selector] = 0x13;
        r[Field::guest_ss_access_rights] = 0xC0F3;
    });
    passes([](Reference& r) { // unusable registers may hold anything
        r[Field::guest_es_base] = ~std::uint64_t{0};
        r[Field::guest_es_limit] = 1;
        r[Field::guest_es_access_rights] = 0xFFFFFFFF;
        r[Field::guest_ldtr_selector] = 0x54;
        r[Field::guest_ldtr_base] = 0x0000'8000'0000'0000;
        r[Field::guest_ldtr_access_rights] = AccessRights::unusable_bit | 0xF00;
    });
}

// The last values that are still good, and events that each activity state does take.
TEST(EntryChecker, ValuesAtTheBoundariesPass) {
    const auto passes = [](void (*make)(Reference&)) {
        Reference reference;
        make(reference);
        EXPECT_EQ(words(check(reference)), "");
    };
    passes([](Reference& r) {
        r.primary(primary_processor_based::use_tpr_shadow);
        r[Field::virtual_apic_address] = 0x5000;
        r[Field::tpr_threshold] = 0xF;
    });
    passes([](Reference& r) { r.set(Field::ept_pointer, 1 << 6); });
    passes([](Reference& r) { // uncacheable, five levels
        r.facts.capabilities.ept_vpid = {1 << 8 | 1 << 7};
        r[Field::ept_pointer] = 0x5000 | 4 << 3;
    });
    passes([](Reference& r) {
        r.legacy_guest();
        r[Field::guest_tr_access_rights] = 0x83;
    });
    passes([](Reference& r) { r.inject(InterruptionInformation::exception(31).raw); });
    passes([](Reference& r) {
        r.inject(InterruptionInformation::make(InterruptionType::software_interrupt, 1, false).raw);
        r[Field::vm_entry_instruction_length] = 15;
    });
    passes([](Reference& r) {
        r.facts.capabilities.misc.raw |= 1 << 30;
        r.inject(InterruptionInformation::make(InterruptionType::software_interrupt, 1, false).raw);
        r[Field::vm_entry_instruction_length] = 0;
    });
    passes([](Reference& r) { // NMI without blocking, virtual NMIs
        r.pin(pin_based::nmi_exiting | pin_based::virtual_nmis);
        r.inject(InterruptionInformation::make(InterruptionType::nmi, 2, false).raw);
    });
    passes([](Reference& r) { // blocking by NMI, nothing injected
        r.pin(pin_based::nmi_exiting | pin_based::virtual_nmis);
        r[Field::guest_interruptibility_state] = interruptibility::nmi;
    });
    passes([](Reference& r) { // HLT takes #DB
        r[Field::guest_activity_state] = static_cast<std::uint64_t>(ActivityState::hlt);
        r.inject(InterruptionInformation::exception(vector::debug).raw);
    });
    passes([](Reference& r) { // shutdown takes #MC
        r[Field::guest_activity_state] = static_cast<std::uint64_t>(ActivityState::shutdown);
        r.inject(InterruptionInformation::exception(vector::machine_check).raw);
    });
    passes([](Reference& r) { // and NMIs
        r[Field::guest_activity_state] = static_cast<std::uint64_t>(ActivityState::shutdown);
        r.inject(InterruptionInformation::make(InterruptionType::nmi, 2, false).raw);
    });
}

class EntryRuleTest : public testing::TestWithParam<EntryCase> {};

TEST_P(EntryRuleTest, IsTheOnlyOneBroken) {
    Reference reference;
    GetParam().break_rule(reference);
    const EntryReport report = check(reference);
    ASSERT_EQ(report.violations().size(), 1U) << words(report);
    const Violation& violation = report.violations().front();
    EXPECT_EQ(text(violation.rule).name, text(GetParam().rule).name);
    EXPECT_EQ(name(violation.field), name(GetParam().field));
    EXPECT_EQ(violation.value, reference.read(violation.field));
    EXPECT_FALSE(report.truncated());
}

INSTANTIATE_TEST_SUITE_P(EntryChecker, EntryRuleTest, testing::ValuesIn(all_cases()),
                         [](const testing::TestParamInfo<EntryCase>& row) {
                             return std::string(text(row.param.rule).name) + "_" +
                                    std::to_string(row.index);
                         });

TEST(EntryChecker, EveryRuleHasItsCase) {
    std::set<EntryRule> tested;
    for (const EntryCase& row : all_cases())
        tested.insert(row.rule);
    for (const EntryRuleText& row : entry_rules)
        EXPECT_TRUE(tested.contains(row.rule)) << row.name;
}

TEST(EntryChecker, RulesAreWellFormedAndInOrder) {
    std::string_view previous;
    for (std::size_t index = 0; index < entry_rule_count; ++index) {
        const EntryRuleText& row = entry_rules[index];
        EXPECT_EQ(static_cast<std::size_t>(row.rule), index);
        EXPECT_TRUE(row.section.starts_with("27.")) << row.name;
        EXPECT_GE(row.section, previous) << row.name;
        EXPECT_GT(row.requirement.size(), 10U) << row.name;
        previous = row.section;
    }
}

TEST(EntryChecker, AllZeroVmcsFillsTheReportWithoutOverflow) {
    const FieldReader zero{[](void*, Field) { return std::uint64_t{0}; }, nullptr};
    const EntryReport report = check_vm_entry(zero, Reference{}.facts);
    EXPECT_GT(report.violations().size(), 10U);
    const FieldReader ones{[](void*, Field) { return ~std::uint64_t{0}; }, nullptr};
    const EntryReport full = check_vm_entry(ones, Reference{}.facts);
    EXPECT_GT(full.violations().size(), 30U);
    EntryReport overfull;
    for (std::uint32_t i = 0; i < EntryReport::capacity; ++i)
        overfull.add({EntryRule::vpid_not_zero, Field::virtual_processor_identifier, i});
    EXPECT_FALSE(overfull.truncated());
    overfull.add({EntryRule::host_rip_canonical, Field::host_rip, 0});
    EXPECT_TRUE(overfull.truncated());
    EXPECT_EQ(overfull.violations().back().value, EntryReport::capacity - 1);
}

} // namespace
} // namespace hv::test
