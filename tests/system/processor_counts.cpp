#include "tests/system/processor_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace test {
namespace {

using testing::SizeIs;

constexpr std::uint64_t switches = 64; // of each processor

/// Exits per switch on one processor (README.md).
struct Figures {
    const char* profile;
    const char* interface;
    std::uint64_t full;
    std::uint64_t pingpong;
    std::uint64_t address_space;
};
constexpr std::array figures_of_one{
    Figures{"classic", "native", 7, 2, 1}, Figures{"classic", "eager", 7, 2, 1},
    Figures{"classic", "lazy", 1, 1, 0},   Figures{"hardened", "native", 7, 2, 1},
    Figures{"hardened", "eager", 7, 2, 1}, Figures{"hardened", "lazy", 1, 1, 1},
    Figures{"modern", "native", 0, 0, 0},  Figures{"modern", "eager", 0, 0, 0},
    Figures{"modern", "lazy", 0, 0, 0},
};

struct Shootdown {
    const char* workload;
    std::uint64_t entries;
};
constexpr std::array shootdowns{Shootdown{"shootdown/unmap/1", 1},
                                Shootdown{"shootdown/unmap/8", 8},
                                Shootdown{"shootdown/protect/8", 8}};

/// Counters of events. Others are levels, or ticks, which depend on who has to wait.
bool is_count(const std::string& name) {
    static const std::vector<std::string> families{"exit.",    "hypercall.", "entry.", "memory.",
                                                   "control_", "msr.",       "port."};
    static const std::vector<std::string> names{
        "switches",       "exits",      "flushes",       "drained",      "refused",
        "discarded",      "injected",   "root_loads",    "shadow_built", "shootdowns",
        "shadow_rebuilt", "kicks_sent", "kicks_received"};
    return std::ranges::find(names, name) != names.end() ||
           std::ranges::any_of(families,
                               [&name](const auto& family) { return name.starts_with(family); });
}

/// All counters of events, as if there were `processors` times as many of each.
Numbers counts(const Numbers& numbers, std::uint64_t processors = 1) {
    Numbers result;
    for (const auto& [name, number] : numbers)
        if (is_count(name))
            result[name] = number * processors;
    return result;
}

} // namespace

std::vector<std::string> counting_words(const std::vector<std::uint32_t>& processors) {
    std::vector<std::string> workloads{"full", "pingpong", "address-space", "empty-vmcall"};
    for (const Shootdown& shootdown : shootdowns)
        workloads.emplace_back(shootdown.workload);
    std::string list;
    for (const std::uint32_t number : processors)
        list += (list.empty() ? "" : ",") + std::to_string(number);
    return {joined(workloads), "switches=" + std::to_string(switches), "processors=" + list};
}

void expect_the_counts_of_one(const Outcome& outcome, const std::string& profile,
                              const std::string& interface,
                              const std::vector<std::uint32_t>& processors) {
    const auto* const figures = std::ranges::find_if(figures_of_one, [&](const Figures& candidate) {
        return candidate.profile == profile && candidate.interface == interface;
    });
    ASSERT_NE(figures, figures_of_one.end());
    const std::map<std::string, std::uint64_t> expected{{"full", figures->full},
                                                        {"pingpong", figures->pingpong},
                                                        {"address-space", figures->address_space},
                                                        {"empty-vmcall", 1}};
    for (const auto& [workload, exits_per_switch] : expected) {
        Numbers alone = result_of(outcome.output, workload);
        EXPECT_EQ(alone["switches"], switches) << workload;
        EXPECT_EQ(alone["exits"], switches * exits_per_switch) << workload;
        for (const std::uint32_t number : processors) {
            if (number == 1)
                continue;
            Numbers together = result_of(outcome.output, workload, number);
            const std::string where = workload + " on " + std::to_string(number);
            EXPECT_EQ(counts(together), counts(alone, number)) << where;
            ASSERT_TRUE(together.contains("exits_min")) << where;
            EXPECT_EQ(together["exits_min"], alone["exits"]) << where;
            EXPECT_EQ(together["exits_max"], alone["exits"]) << where;
            EXPECT_EQ(together["kicks_received"], 0U) << where;
        }
    }
}

void expect_shootdowns(const Outcome& outcome, const std::string& profile,
                       const std::string& interface, const std::vector<std::uint32_t>& processors) {
    const bool told = profile != "modern" && interface != "native";
    for (const auto& [workload, entries] : shootdowns) {
        for (const std::uint32_t number : processors) {
            if (number == 1)
                continue;
            Numbers result = result_of(outcome.output, workload, number);
            const std::uint64_t operations = result["operations"];
            const std::uint64_t others = told ? number - 1 : 0;
            const std::string where = std::string(workload) + " on " + std::to_string(number);
            ASSERT_EQ(operations, 16U) << where;
            EXPECT_EQ(result["shootdowns"], told ? operations : 0) << where;
            // All that were sent are received by those that run the address space, each of which
            // counts its own: none goes to anybody else.
            EXPECT_EQ(result["kicks_sent"], operations * others) << where;
            EXPECT_EQ(result["kicks_received"], operations * others) << where;
            if (interface == "lazy") {
                EXPECT_EQ(result["exit.VMCALL"], told ? operations : 0) << where;
                EXPECT_EQ(result["entry.Shootdown"], told ? operations : 0) << where;
                EXPECT_EQ(result["exits"], told ? operations * number : 0) << where;
                EXPECT_EQ(result["exits_min"], told ? operations : 0) << where;
                EXPECT_EQ(result["exits_max"], told ? operations : 0) << where;
            } else if (told) { // each entry, and the shoot-down
                EXPECT_EQ(result["exit.VMCALL"], operations * (entries + 1)) << where;
                EXPECT_EQ(result["exits"], operations * (entries + 1 + others)) << where;
            }
            if (profile == "modern" || (profile == "hardened" && !told)) {
                EXPECT_EQ(result["exits"], 0U) << where;
            }
        }
    }
}

} // namespace test
