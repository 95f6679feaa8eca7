// The figures the project stands for, compared for equality where they are counts, and the
// witnesses for them: the guest's own clock, and Bochs's log.

#include "shared/exit_reason.h"
#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <string_view>

namespace test {
namespace {

using testing::HasSubstr;

TEST(Counts, LazyIsOneExitASwitchWhateverTheNumberOfTasks) {
    const Outcome outcome =
        run_guest("hardened", "lazy", {joined(switching_workloads), "switches=512"});
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    for (const std::string& workload : switching_workloads) {
        auto result = result_of(outcome.output, workload);
        EXPECT_EQ(result["exits"], result["switches"]) << workload;
        EXPECT_EQ(result["flushes"], result["switches"]) << workload;
        EXPECT_EQ(result["exit.VMCALL"], result["switches"]) << workload;
        EXPECT_GE(result["switches"], 512U) << workload;
    }
}

TEST(Counts, ModernHasNoExits) {
    for (const char* interface : {"native", "eager", "lazy"}) {
        const Outcome outcome =
            run_guest("modern", interface, {joined(switching_workloads), "switches=512"});
        ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
        for (const std::string& workload : switching_workloads) {
            auto result = result_of(outcome.output, workload);
            EXPECT_EQ(result["exits"], 0U) << interface << " " << workload;
            EXPECT_GE(result["switches"], 512U) << workload;
        }
    }
}

TEST(Counts, EagerIsOneHypercallAnOperation) {
    const Outcome outcome = run_guest("hardened", "eager", {"workload=full", "switches=1000"});
    auto result = result_of(outcome.output, "full");
    EXPECT_EQ(result["exits"], 7000U);
    EXPECT_EQ(result["hypercall.SetCR3"], 1000U);
    EXPECT_EQ(result["hypercall.WriteGDTEntry"], 3000U);
    EXPECT_EQ(result["hypercall.UpdateKernelStack"], 1000U);
    EXPECT_EQ(result["hypercall.CLTS"], 1000U);
    EXPECT_EQ(result["hypercall.SetCR0"], 1000U);
}

TEST(Counts, NativeIsOneExitAnOperation) {
    const Outcome outcome = run_guest("hardened", "native", {"workload=full", "switches=1000"});
    auto result = result_of(outcome.output, "full");
    EXPECT_EQ(result["exits"], 7000U);
    EXPECT_EQ(result["control_register.MOV_TO_CR3"], 1000U);
    EXPECT_EQ(result["control_register.MOV_TO_CR0"], 1000U);
    EXPECT_EQ(result["control_register.CLTS"], 1000U);
    EXPECT_EQ(result["memory.GDT_WRITE"], 3000U);
    EXPECT_EQ(result["memory.TSS_WRITE"], 1000U);
}

TEST(Counts, FlushAndEmptyVmcallStayCheap) {
    const Outcome outcome =
        run_guest("hardened", "lazy", {"workload=full,empty-vmcall", "switches=1000"});
    auto full = result_of(outcome.output, "full");
    auto empty = result_of(outcome.output, "empty-vmcall");
    ASSERT_EQ(full["switches"], 1000U);
    ASSERT_EQ(empty["switches"], 1000U);
    EXPECT_LE(full["monitor_ticks"], 600U * 1000);
    EXPECT_LE(empty["ticks"], 150U * 1000 + 100); // the whole round trip, the loop around it too
    EXPECT_LE(empty["vmcs_accesses"], 6U * 1000);
}

// The guest's loop is 5 instructions around each VMCALL; all else of its clock must be what the
// monitor says it took (INSTRUCTIONS_OUTSIDE_CLOCK, hypervisor/vcpu/layout.h).
TEST(Counts, TheMonitorsClockAgreesWithTheGuests) {
    const auto run = [](const char* switches) {
        const Outcome outcome = run_guest("hardened", "lazy", {"workload=empty-vmcall", switches});
        return result_of(outcome.output, "empty-vmcall");
    };
    auto few = run("switches=1000");
    auto many = run("switches=3000");
    ASSERT_EQ(many["switches"] - few["switches"], 2000U);
    constexpr std::uint64_t loop = 5;
    EXPECT_EQ(many["ticks"] - few["ticks"],
              many["monitor_ticks"] - few["monitor_ticks"] + 2000 * loop);
}

/// VM exits in Bochs's log by their name in the monitor's summary.
std::map<std::string_view, std::uint64_t> exits_in_log(const std::string& log) {
    std::map<std::string_view, std::uint64_t> seen;
    std::ifstream stream(log);
    for (std::string line; std::getline(stream, line);) {
        const std::string mark = "VMEXIT reason = ";
        const std::size_t position = line.find(mark);
        if (position != std::string::npos)
            ++seen[abi::name(
                static_cast<abi::ExitReason>(std::stoul(line.substr(position + mark.size()))))];
    }
    return seen;
}

// Bochs names each VM exit in its log; the monitor's count is of its own making.
TEST(Counts, BochsSawTheSameExits) {
    for (const char* profile : {"classic", "hardened"}) {
        for (const char* interface : {"native", "lazy"}) {
            Command holder({"true"}); // its folder keeps the log
            holder.wait();
            const std::string log = holder.folder() / "bochs.log";
            const Outcome outcome =
                run_guest(profile, interface, {"workload=full,pingpong-all", "switches=100"},
                          "guest", {"--emulator-log", log, "--log-exits"});
            ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
            std::uint64_t total = 0;
            for (const auto& [name, count] : exits_in_log(log)) {
                total += count;
                EXPECT_THAT(outcome.output, HasSubstr("  " + std::string(name) + " " +
                                                      std::to_string(count) + "\n"))
                    << profile << " " << interface;
            }
            EXPECT_GT(total, 200U);
            // The monitor prints its summary inside its last exit, which it has counted.
            EXPECT_THAT(outcome.output, HasSubstr("lazyhv: " + std::to_string(total) + " VM exits"))
                << profile << " " << interface;
        }
    }
}

TEST(Counts, TwoRunsGiveTheSameJson) {
    Command holder({"true"});
    holder.wait();
    std::vector<nlohmann::json> reports;
    for (const char* name : {"first.json", "second.json"}) {
        const std::string file = holder.folder() / name;
        const Outcome outcome =
            lazyhv({"bench", "--machine", "bochs", "--workload",
                    "full,pingpong-all,empty-vmcall,pagetable/map/512", "--json", file});
        ASSERT_EQ(outcome.status, 0) << outcome.error;
        std::ifstream stream(file);
        reports.push_back(nlohmann::json::parse(stream));
    }
    EXPECT_EQ(reports[0]["benchmarks"], reports[1]["benchmarks"]);
    // Three workloads on the bare machine and nine more, and two empty VMCALLs a profile.
    EXPECT_EQ(reports[0]["benchmarks"].size(), 3U + 9 * 3 + 3 * 2);
    std::map<std::string, nlohmann::json> benchmarks;
    for (const auto& benchmark : reports[0]["benchmarks"])
        benchmarks[benchmark["name"]] = benchmark;
    for (const char* name :
         {"switch/full/bare/native", "switch/full/classic/lazy", "switch/full/hardened/lazy",
          "vmcall/empty/classic/native", "vmcall/empty/hardened/rom",
          "pagetable/map/512/bare/native", "pagetable/map/512/classic/eager",
          "pagetable/map/512/hardened/lazy", "pagetable/map/512/modern/native"})
        EXPECT_TRUE(benchmarks.contains(name)) << name;
    const nlohmann::json& mapping = benchmarks["pagetable/map/512/classic/lazy"];
    for (const char* counter :
         {"exits_per_operation", "exits_per_entry", "monitor_instructions_per_entry",
          "guest_instructions_per_entry", "entries_SetPxE_per_operation"})
        EXPECT_TRUE(mapping.contains(counter)) << counter;
    EXPECT_GT(mapping["iterations"], 0);
    for (nlohmann::json& report : reports)
        for (const char* host_side : {"date", "host_name", "load_avg"})
            report["context"].erase(host_side);
    EXPECT_EQ(reports[0]["context"], reports[1]["context"]);
}

} // namespace
} // namespace test
