// Hostile guests: each attack of guest/hostile/attack_list.h ends with the guest told or stopped,
// by name; the monitor lives and says what it counted.

#include "guest/hostile/attack_list.h"
#include "shared/console.h"
#include "shared/error.h"
#include "tests/system/processor_counts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace test {
namespace {

using guest::hostile::attack_list;
using guest::hostile::AttackInfo;
using guest::hostile::Kind;
using testing::HasSubstr;

abi::Profile profile_of(const std::string& name) {
    for (std::uint32_t i = 0; i < abi::profile_count; ++i)
        if (abi::profile_names[i] == name)
            return static_cast<abi::Profile>(i);
    ADD_FAILURE() << name;
    return abi::Profile::bare;
}

/// The first line that begins so, without its beginning.
std::string line_behind(const std::string& output, const std::string& beginning) {
    const std::size_t begin = output.find(beginning);
    if (begin == std::string::npos)
        return {};
    const std::size_t from = begin + beginning.size();
    return output.substr(from, output.find('\n', from) - from);
}

/// Every attack of this kind has its line, and it ends in "ok".
void expect_made(const Outcome& outcome, const std::string& profile, Kind kind) {
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    std::size_t made = 0;
    for (const AttackInfo& attack : attack_list) {
        if (attack.kind != kind || !attack.is_made_on(profile_of(profile)))
            continue;
        ++made;
        const std::string line =
            line_behind(outcome.output, "hostile " + std::string(attack.name) + ": told");
        EXPECT_TRUE(line.ends_with(": ok")) << attack.name << line;
    }
    EXPECT_THAT(outcome.output,
                HasSubstr("hostile: " + std::to_string(made) + " attacks, 0 not as expected\n"));
    EXPECT_THAT(outcome.output, HasSubstr(" requests refused\n")); // the monitor's own summary
}

std::set<std::string> errors_told(const Outcome& outcome) {
    std::istringstream words(line_behind(outcome.output, "hostile told:"));
    return {std::istream_iterator<std::string>(words), {}};
}

/// Given by the ROM, without a VM exit.
const std::set<std::string> errors_of_the_rom{"nested_lazy_mode", "unpaired_lazy_mode",
                                              "unknown_lazy_mode", "bad_slot", "no_linear_mapping"};

/// How often the console names an error.
std::size_t times_named(const std::string& output, const std::string& error) {
    std::size_t times = 0;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);)
        times += line.starts_with("lazyhv: refused ") && line.ends_with(": " + error) ? 1U : 0U;
    return times;
}

/// Each refusal is named, and once, however often it came.
void expect_named_once(const Outcome& outcome) {
    const std::set<std::string> told = errors_told(outcome);
    for (const std::string_view error : abi::error_names) {
        const std::string name(error);
        const std::size_t times = times_named(outcome.output, name);
        EXPECT_LE(times, 1U) << name;
        const bool by_monitor = name != "none" && !errors_of_the_rom.contains(name);
        EXPECT_TRUE(times == 1 || !by_monitor || !told.contains(name)) << name << " is not named";
    }
}

/// No hypercall of a processor that runs gives them.
const std::set<std::string> errors_told_elsewhere{
    "bad_register", // native instructions alone: MOV to and from CR, RDMSR
    "bad_value",    // SetInitialAPState before the start: test refused-state-efer
    "bad_start",    // start-up code, at a SIPI: test refused-start-in-rom
};

void expect_every_error_told(const Outcome& outcome) {
    const std::set<std::string> told = errors_told(outcome);
    for (const std::string_view error : abi::error_names) {
        const std::string name(error);
        EXPECT_NE(told.contains(name), errors_told_elsewhere.contains(name)) << name;
    }
}

class Hostile : public testing::TestWithParam<std::string> {};

TEST_P(Hostile, GuestsAreToldAndTheMonitorLives) {
    const Outcome outcome = run_guest(GetParam(), "lazy", {"hostile=all"});
    expect_made(outcome, GetParam(), Kind::survived);
    expect_named_once(outcome);
    if (GetParam() == "hardened")
        expect_every_error_told(outcome);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, Hostile, testing::Values("classic", "hardened", "modern"),
                         [](const auto& row) { return row.param; });

class HostileProcessors : public testing::TestWithParam<std::string> {};

// What is counted afterwards does not suffer from it.
TEST_P(HostileProcessors, AreToldAndTheMonitorLives) {
    const std::vector<std::uint32_t> processors{1, 2};
    std::vector<std::string> words = counting_words(processors);
    words.emplace_back("hostile=processors");
    const Outcome outcome = run_guest(GetParam(), "lazy", words, "guest", {"--cpus", "2"});
    expect_made(outcome, GetParam(), Kind::two_processors);
    expect_the_counts_of_one(outcome, GetParam(), "lazy", processors);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, HostileProcessors,
                         testing::Values("classic", "hardened", "modern"),
                         [](const auto& row) { return row.param; });

/// The attacks that end the run, each on the one profile where it matters most.
std::vector<AttackInfo> ending_attacks() {
    std::vector<AttackInfo> found;
    for (const AttackInfo& attack : attack_list)
        if (attack.kind == Kind::stops || attack.kind == Kind::resets)
            found.push_back(attack);
    return found;
}

std::string one_profile_of(const AttackInfo& attack) {
    for (const abi::Profile profile :
         {abi::Profile::classic, abi::Profile::hardened, abi::Profile::modern})
        if (attack.is_made_on(profile))
            return std::string(abi::name(profile));
    return {};
}

class HostileStops : public testing::TestWithParam<AttackInfo> {};

TEST_P(HostileStops, WithADiagnosis) {
    const AttackInfo& attack = GetParam();
    const std::string name(attack.name);
    const Outcome outcome = run_guest(one_profile_of(attack), "lazy", {"hostile=" + name});
    EXPECT_THAT(outcome.output, HasSubstr("hostile " + name + ": the end\n"));
    EXPECT_THAT(outcome.output, HasSubstr(" requests refused\n"));
    EXPECT_THAT(outcome.output, testing::Not(HasSubstr("not as expected")));
    if (attack.kind == Kind::resets) {
        EXPECT_EQ(outcome.status, abi::reset_status) << outcome.error;
        return;
    }
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.error, HasSubstr(std::string(attack.told)));
    EXPECT_THAT(outcome.output, HasSubstr("guest RIP 0x"));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, HostileStops, testing::ValuesIn(ending_attacks()),
                         [](const auto& row) {
                             std::string name(row.param.name);
                             std::replace(name.begin(), name.end(), '-', '_');
                             return name;
                         });

} // namespace
} // namespace test
