// What profile classic and page tables cost: counts for equality, costs with a bound.

#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace test {
namespace {

using testing::Contains;

/// The names of the guest's workloads that begin so.
std::vector<std::string> workloads_called(const std::string& beginning) {
    const Outcome outcome = run_guest("bare", "native", {"workload=list"});
    std::vector<std::string> names;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(beginning))
            names.push_back(line);
    return names;
}

TEST(ClassicCounts, LazyIsOneExitASwitchWhateverTheNumberOfTasks) {
    const Outcome outcome =
        run_guest("classic", "lazy", {joined(switching_workloads), "switches=512"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    for (const std::string& workload : switching_workloads) {
        auto result = result_of(outcome.output, workload);
        EXPECT_GE(result["switches"], 512U) << workload;
        EXPECT_EQ(result["exits"], result["switches"]) << workload;
        EXPECT_EQ(result["exit.VMCALL"], result["switches"]) << workload;
    }
}

// As many roots as a processor has CR3-target values, and CR3 alone changes.
TEST(ClassicCounts, UpToFourAddressSpacesAreSwitchedWithoutAnExit) {
    const std::vector<std::string> workloads{"address-space", "address-space-4"};
    const Outcome outcome = run_guest("classic", "lazy", {joined(workloads), "switches=512"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    for (const std::string& workload : workloads) {
        auto result = result_of(outcome.output, workload);
        EXPECT_GE(result["switches"], 512U) << workload;
        EXPECT_EQ(result["exits"], 0U) << workload;
        EXPECT_EQ(result["root_loads"], result["switches"]) << workload;
    }
}

TEST(ClassicCounts, LazySwitchStaysCheap) {
    const Outcome outcome = run_guest("classic", "lazy", {"workload=full", "switches=1000"});
    auto result = result_of(outcome.output, "full");
    ASSERT_EQ(result["switches"], 1000U) << outcome.output << outcome.error;
    EXPECT_LE(result["ticks"], 700U * 1000);
}

TEST(ClassicCounts, NativeIsOneExitAnOperation) {
    const Outcome outcome = run_guest("classic", "native", {"workload=full", "switches=1000"});
    auto result = result_of(outcome.output, "full");
    EXPECT_EQ(result["exits"], 7000U) << outcome.output << outcome.error;
    EXPECT_EQ(result["exit.CR_ACCESS"], 3000U);
    EXPECT_EQ(result["control_register.MOV_TO_CR3"], 1000U);
    EXPECT_EQ(result["control_register.MOV_TO_CR0"], 1000U);
    EXPECT_EQ(result["control_register.CLTS"], 1000U);
    EXPECT_EQ(result["exit.EXCEPTION_NMI"], 4000U);
    EXPECT_EQ(result["memory.GDT_WRITE"], 3000U);
    EXPECT_EQ(result["memory.TSS_WRITE"], 1000U);
}

TEST(ClassicCounts, EagerIsOneHypercallAnOperation) {
    const Outcome outcome = run_guest("classic", "eager", {"workload=full", "switches=1000"});
    auto result = result_of(outcome.output, "full");
    EXPECT_EQ(result["exits"], 7000U) << outcome.output << outcome.error;
    EXPECT_EQ(result["exit.VMCALL"], 7000U);
    EXPECT_EQ(result["hypercall.SetCR3"], 1000U);
    EXPECT_EQ(result["hypercall.WriteGDTEntry"], 3000U);
    EXPECT_EQ(result["hypercall.UpdateKernelStack"], 1000U);
    EXPECT_EQ(result["hypercall.CLTS"], 1000U);
    EXPECT_EQ(result["hypercall.SetCR0"], 1000U);
}

/// On the profiles that see page tables.
class PageTableCounts : public testing::TestWithParam<std::string> {};

// As many entries as the ring holds are one exit.
TEST_P(PageTableCounts, LazyIsOneExitFor512Entries) {
    std::vector<std::string> workloads;
    for (const std::string operation : {"map", "protect", "unmap", "remap"})
        for (const std::string entries : {"512", "4096"})
            workloads.push_back("pagetable/" + operation + "/" + entries);
    const Outcome outcome = run_guest(GetParam(), "lazy", {joined(workloads)});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    for (const std::string& workload : workloads) {
        auto result = result_of(outcome.output, workload);
        const std::uint64_t entries_of_one = workload.ends_with("/512") ? 512 : 4096;
        ASSERT_GT(result["operations"], 0U) << workload;
        EXPECT_EQ(result["entries"], result["operations"] * entries_of_one) << workload;
        EXPECT_LE(result["exits"] * 512, result["entries"]) << workload;
        EXPECT_LE(result["monitor_ticks"], result["entries"] * 150) << workload;
    }
}

TEST_P(PageTableCounts, LazyIsOneExitForAnyNumberOfPages) {
    const std::vector<std::string> workloads = workloads_called("mapped-");
    ASSERT_THAT(workloads, Contains("mapped-2"));
    ASSERT_THAT(workloads, Contains("mapped-256"));
    const Outcome outcome = run_guest(GetParam(), "lazy", {joined(workloads), "switches=512"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    for (const std::string& workload : workloads) {
        auto result = result_of(outcome.output, workload);
        EXPECT_GE(result["switches"], 512U) << workload;
        EXPECT_EQ(result["exits"], result["switches"]) << workload;
    }
}

TEST_P(PageTableCounts, LazyLoadsARootInAtMostOneExit) {
    const std::vector<std::string> workloads = workloads_called("address-space");
    ASSERT_THAT(workloads, Contains("address-space"));
    ASSERT_THAT(workloads, Contains("address-space-256"));
    const Outcome outcome = run_guest(GetParam(), "lazy", {joined(workloads), "switches=512"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    for (const std::string& workload : workloads) {
        auto result = result_of(outcome.output, workload);
        EXPECT_GE(result["switches"], 512U) << workload;
        EXPECT_LE(result["exits"], result["switches"]) << workload;
    }
}

INSTANTIATE_TEST_SUITE_P(Everywhere, PageTableCounts, testing::Values("classic", "hardened"),
                         [](const auto& row) { return row.param; });

} // namespace
} // namespace test
