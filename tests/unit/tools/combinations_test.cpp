#include "tools/commands/bench_plan.h"
#include "tools/commands/profiles.h"
#include "tools/host/failure.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> chosen(std::string_view profile, std::string_view interface) {
    std::vector<std::string> names;
    for (const Combination& combination : choose_combinations(profile, interface))
        names.push_back(
            fmt::format("{}/{}", abi::name(combination.profile), abi::name(combination.interface)));
    return names;
}

TEST(Combinations, AreAllWithoutAWish) {
    EXPECT_THAT(chosen("", ""),
                ElementsAre("bare/native", "classic/native", "classic/eager", "classic/lazy",
                            "hardened/native", "hardened/eager", "hardened/lazy", "modern/native",
                            "modern/eager", "modern/lazy"));
}

TEST(Combinations, FitTheNamesGiven) {
    EXPECT_THAT(chosen("classic", ""),
                ElementsAre("classic/native", "classic/eager", "classic/lazy"));
    EXPECT_THAT(chosen("", "lazy"), ElementsAre("classic/lazy", "hardened/lazy", "modern/lazy"));
    EXPECT_THROW(choose_combinations("bare", "lazy"), Failure);
}

TEST(ProfileNames, AreAllUnderstood) {
    for (std::uint32_t index = 0; index < abi::profile_count; ++index) {
        const auto profile = static_cast<abi::Profile>(index);
        EXPECT_EQ(parse_profile(abi::name(profile)), profile);
    }
    for (std::uint32_t index = 0; index < abi::interface_count; ++index) {
        const auto interface = static_cast<abi::Interface>(index);
        EXPECT_EQ(parse_interface(abi::name(interface)), interface);
    }
}

TEST(ProfileNames, AreListedForOneThatIsNone) {
    try {
        parse_profile("soft");
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("unknown profile \"soft\": give bare, classic, "
                                              "hardened, modern"));
    }
}

} // namespace
} // namespace tool
