// The search for the longest exit, without booting anything.

#include "tools/host/failure.h"
#include "tools/longest_exit/search.h"

#include <gtest/gtest.h>

namespace tool {
namespace {

TEST(ExitCase, HasATextThatIsItself) {
    for (const char* words : {"01000c21", "unaware-01000c21ffeeddcc"})
        EXPECT_EQ(text(parse_exit_case(words)), words);
    const ExitCase parsed = parse_exit_case("unaware-0102a3f4");
    EXPECT_TRUE(parsed.is_unaware);
    ASSERT_EQ(parsed.steps.size(), 1);
    EXPECT_EQ(parsed.steps[0], (abi::ExitStep{1, 2, 0xA3, 0xF4}));
}

TEST(ExitCase, OtherTextsAreRefused) {
    const std::string too_long((abi::max_exit_steps + 1) * abi::exit_step_digits, '0');
    for (const std::string& words :
         {std::string(), std::string("0"), std::string("01000c2g"), std::string("01000C21"),
          std::string("unaware-"), std::string("aware-01000c21"), too_long})
        EXPECT_THROW((void)parse_exit_case(words), Failure) << words;
}

/// A guest in which each step takes as long as its amount says.
CaseResult imagined_result(const ExitCase& one) {
    CaseResult result;
    for (const abi::ExitStep& step : one.steps)
        result.steps.push_back({.instructions = step.amount,
                                .exits = 1,
                                .reason = "VMCALL",
                                .kind = std::to_string(step.kind % 4),
                                .what = ""});
    return result;
}

std::vector<std::string> cases_of(std::uint64_t seed) {
    ExitSearch search(seed, 50);
    std::vector<std::string> cases;
    for (int number = 0; number < 50; ++number) {
        const ExitCase one = search.next();
        cases.push_back(text(one));
        (void)search.take(one, imagined_result(one));
    }
    return cases;
}

TEST(ExitSearch, DependsOnItsSeedAlone) {
    EXPECT_EQ(cases_of(1), cases_of(1));
    EXPECT_NE(cases_of(1), cases_of(2));
}

TEST(ExitSearch, EachCaseIsOneThatTheGuestTakes) {
    for (const std::string& words : cases_of(3))
        EXPECT_NO_THROW((void)parse_exit_case(words)) << words;
}

TEST(ExitSearch, KeepsTheLongestOfEachKindUpToItsStep) {
    ExitSearch search(1, 0);
    EXPECT_EQ(search.longest(), nullptr);
    const ExitCase first = parse_exit_case("0000050001000300000004000000ff00");
    EXPECT_TRUE(search.take(first, imagined_result(first)));
    ASSERT_EQ(search.records().size(), 2);
    EXPECT_EQ(text(search.records().at("1").one), "0000050001000300");
    EXPECT_EQ(text(search.longest()->one), text(first));
    EXPECT_EQ(search.longest()->step.instructions, 255);
    // As long with fewer steps.
    const ExitCase second = parse_exit_case("0000ff00");
    EXPECT_FALSE(search.take(second, imagined_result(second)));
    EXPECT_EQ(text(search.longest()->one), "0000ff00");
    EXPECT_EQ(search.cases(), 2);
    EXPECT_EQ(search.steps(), 5);
}

TEST(ExitSearch, StepsThatWereNotPerformedAreNotKept) {
    ExitSearch search(1, 0);
    const ExitCase one = parse_exit_case("00000500010003000200ff00");
    CaseResult result = imagined_result(one);
    result.steps.pop_back();
    result.failure = "the run ended";
    EXPECT_TRUE(search.take(one, result));
    EXPECT_EQ(search.records().count("2"), 0);
}

} // namespace
} // namespace tool
