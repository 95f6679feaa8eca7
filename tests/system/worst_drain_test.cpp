// How long a guest can keep the monitor from letting an interrupt in (docs/monitor.md, "How long a
// VM exit can take").

#include "hypervisor/vcpu/pause.h"
#include "shared/longest_exit.h"
#include "shared/ring.h"
#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace test {
namespace {

// In monitor instructions; the page's table has the same.
constexpr std::uint64_t longest_call = 800'000; ///< SetLDT of 8192 descriptors
constexpr std::uint64_t short_call = 600;       ///< SetCR3 of a root that is not offered
constexpr std::uint64_t entries = abi::ring_capacity;
constexpr std::uint64_t bound = abi::longest_exit_bound;
static_assert(bound == hv::pause_ticks + longest_call + (entries - 1) * short_call);

using Rings = std::map<std::string, Numbers>;

Rings measure(const std::string& profile) {
    const Outcome outcome = run_guest(profile, "lazy", {"test=worst-drain"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    Rings rings;
    const std::string beginning = "@worst-drain ring=";
    for (std::size_t at = outcome.output.find(beginning); at != std::string::npos;
         at = outcome.output.find(beginning, at + 1)) {
        const std::size_t name = at + beginning.size();
        const std::size_t blank = outcome.output.find(' ', name);
        rings[outcome.output.substr(name, blank - name)] = numbers_from(outcome.output, blank + 1);
    }
    return rings;
}

class WorstDrain : public testing::TestWithParam<const char*> {};

TEST_P(WorstDrain, StaysWithinItsBound) {
    const Rings rings = measure(GetParam());
    ASSERT_GE(rings.size(), 11);
    std::uint64_t longest = 0;
    for (const auto& [name, ring] : rings) {
        SCOPED_TRACE(name);
        const std::uint64_t exits = ring.at("exits");
        std::cout << GetParam() << " " << name << ": " << ring.at("entries") << " entries in "
                  << exits << " exits, at most " << ring.at("longest") << " instructions in one\n";
        EXPECT_LE(ring.at("longest"), bound);
        if (exits == 1 && name != "mixture") {
            EXPECT_LE(ring.at("instructions"), entries * short_call);
        }
        longest = std::max(longest, ring.at("longest"));
    }
    EXPECT_LE(rings.at("SetLDT").at("longest"), longest_call);
    // One long call a time, or two where both begin before the pause.
    EXPECT_EQ(rings.at("SetLDT").at("exits"), rings.at("SetLDT").at("entries"));
    EXPECT_GT(rings.at("AllocatePage-table").at("exits"), 10);
    EXPECT_EQ(rings.at("mixture").at("longest"), longest);
}

INSTANTIATE_TEST_SUITE_P(Profiles, WorstDrain, testing::Values("classic", "hardened"),
                         [](const auto& each) { return std::string(each.param); });

} // namespace
} // namespace test
