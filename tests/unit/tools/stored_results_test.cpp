#include "tools/host/failure.h"
#include "tools/results/benchmark_json.h"
#include "tools/results/stored_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using testing::ThrowsMessage;

TEST(StoredResults, AreWhatBenchmarkJsonWrote) {
    const tool::Run run{
        abi::Profile::classic,
        abi::Interface::lazy,
        {parse_result("workload=full switches=4 ticks=400 exits=10 monitor_ticks=100")},
        {}};
    const StoredResults results =
        parse_results(benchmark_json({run}, {{"machine", "bochs"}}, "instructions"), "x.json");
    EXPECT_EQ(results.context.at("machine"), "bochs");
    EXPECT_FALSE(results.context.contains("runs"));
    EXPECT_EQ(results.tick_name(), "instructions");
    ASSERT_EQ(results.benchmarks.size(), 1U);
    const StoredBenchmark* const full = results.find("switch/full/classic/lazy");
    ASSERT_NE(full, nullptr);
    EXPECT_EQ(full->counter("exits_per_switch"), 2.5);
    EXPECT_EQ(full->counter("guest_instructions_per_switch"), 75);
    EXPECT_EQ(full->counter("exits_CPUID_per_switch"), 0);
    EXPECT_FALSE(full->counters.contains("run_name"));
    EXPECT_EQ(results.find("switch/full/classic/eager"), nullptr);
}

TEST(StoredResults, RefusesWhatIsNotInThisFormat) {
    const auto message = [](const char* text) { return [text] { parse_results(text, "x.json"); }; };
    EXPECT_THAT(message("{"), ThrowsMessage<WrongUsage>(HasSubstr("it is not JSON")));
    for (const char* text : {"[]", "{}", R"({"benchmarks": {}})", R"({"benchmarks": []})"})
        EXPECT_THAT(message(text), ThrowsMessage<WrongUsage>(HasSubstr("no benchmarks"))) << text;
    for (const char* text : {R"({"benchmarks": [1]})", R"({"benchmarks": [{"name": 1}]})"})
        EXPECT_THAT(message(text), ThrowsMessage<WrongUsage>(HasSubstr("has no name"))) << text;
    EXPECT_THAT(message(R"({"benchmarks": [{"name": "a"}, {"name": "a"}]})"),
                ThrowsMessage<WrongUsage>(HasSubstr("two benchmarks a")));
    EXPECT_THAT(message("{"), ThrowsMessage<WrongUsage>(StartsWith("x.json")));
}

TEST(StoredResults, RefusesFilesThatCannotBeRead) {
    EXPECT_THAT([] { read_results("/nowhere/x.json"); },
                ThrowsMessage<WrongUsage>(HasSubstr("No such file")));
    EXPECT_THAT([] { read_results("/tmp"); }, ThrowsMessage<WrongUsage>(HasSubstr("a folder")));
}

} // namespace
} // namespace tool
