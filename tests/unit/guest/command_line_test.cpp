#include "guest/command_line.h"

#include <gtest/gtest.h>

namespace {

using guest::CommandLine;
using guest::Crash;
using guest::parse_command_line;

TEST(GuestCommandLine, NothingMeansTest) {
    const CommandLine line = parse_command_line("");
    EXPECT_TRUE(line.test);
    EXPECT_FALSE(line.run_workloads);
    EXPECT_TRUE(line.wrong_word.empty());
    EXPECT_TRUE(parse_command_line("   ").test);
}

TEST(GuestCommandLine, Workloads) {
    const CommandLine line = parse_command_line("workload=full,pingpong switches=5000");
    EXPECT_FALSE(line.test);
    EXPECT_TRUE(line.run_workloads);
    EXPECT_EQ(line.workloads, "full,pingpong");
    EXPECT_EQ(line.switches, 5000U);
}

TEST(GuestCommandLine, SwitchesAloneRunsAll) {
    const CommandLine line = parse_command_line("  switches=7 ");
    EXPECT_TRUE(line.run_workloads);
    EXPECT_EQ(line.workloads, "all");
    EXPECT_EQ(line.switches, 7U);
}

TEST(GuestCommandLine, WordsCombine) {
    const CommandLine line = parse_command_line("hello test workload=list");
    EXPECT_TRUE(line.hello);
    EXPECT_TRUE(line.test);
    EXPECT_EQ(line.workloads, "list");
}

TEST(GuestCommandLine, Crashes) {
    EXPECT_EQ(parse_command_line("crash=triple-fault").crash, Crash::triple_fault);
    EXPECT_EQ(parse_command_line("crash=hang").crash, Crash::hang);
    EXPECT_EQ(parse_command_line("crash=hang-processor-0").crash, Crash::hang_processor_0);
    EXPECT_EQ(parse_command_line("crash=hang-processor-1").crash, Crash::hang_processor_1);
    EXPECT_EQ(parse_command_line("crash=deaf-processor-1").crash, Crash::deaf_processor_1);
    EXPECT_EQ(parse_command_line("crash=shutdown").crash, Crash::shutdown);
    EXPECT_FALSE(parse_command_line("crash=hang").test);
}

TEST(GuestCommandLine, StepsOfACase) {
    const CommandLine line = parse_command_line("longest-exit=01000c210901ffa0");
    EXPECT_TRUE(line.wrong_word.empty());
    EXPECT_FALSE(line.test);
    EXPECT_EQ(line.longest_exit, "01000c210901ffa0");
    for (const char* const wrong :
         {"longest-exit=", "longest-exit=01000c2", "longest-exit=01000c2G", "longest-exit"})
        EXPECT_FALSE(parse_command_line(wrong).wrong_word.empty()) << wrong;
}

TEST(GuestCommandLine, NamesTheFirstWrongWord) {
    for (const char* const wrong : {"nonsense", "tests", "test=", "crash=", "crash=none",
                                    "workload=", "switches=", "switches=0", "switches=-1",
                                    "switches=12x", "switches=99999999999999999999"})
        EXPECT_FALSE(parse_command_line(wrong).wrong_word.empty()) << wrong;
    EXPECT_EQ(parse_command_line("test one two").wrong_word, "one");
}

TEST(GuestCommandLine, Processors) {
    const CommandLine line = parse_command_line("workload=full processors=1,2,8 xapic trampoline");
    EXPECT_TRUE(line.wrong_word.empty());
    EXPECT_TRUE(line.xapic);
    EXPECT_TRUE(line.trampoline);
    std::string_view list = line.processors;
    EXPECT_EQ(guest::take_processors(list), 1U);
    EXPECT_EQ(guest::take_processors(list), 2U);
    EXPECT_EQ(guest::take_processors(list), 8U);
    EXPECT_TRUE(list.empty());
    EXPECT_EQ(parse_command_line("").processors, "1");
    for (const char* wrong : {"processors=", "processors=0", "processors=9", "processors=1,,2"})
        EXPECT_EQ(parse_command_line(wrong).wrong_word, wrong);
}

TEST(GuestCommandLine, TestsOfSeveralProcessorsAlone) {
    const CommandLine line = parse_command_line("test=processors");
    EXPECT_TRUE(line.test_processors);
    EXPECT_FALSE(line.test);
    EXPECT_TRUE(line.wrong_word.empty());
}

TEST(GuestCommandLine, Hostile) {
    const CommandLine line = parse_command_line("hostile=ring-indices");
    EXPECT_EQ(line.hostile, "ring-indices");
    EXPECT_FALSE(line.test);
    EXPECT_TRUE(line.wrong_word.empty());
    EXPECT_EQ(parse_command_line("hostile=").wrong_word, "hostile=");
    EXPECT_TRUE(parse_command_line("").hostile.empty());
}

TEST(GuestCommandLine, Stress) {
    const CommandLine line = parse_command_line("stress=50");
    EXPECT_EQ(line.stress, 50U);
    EXPECT_FALSE(line.test);
    EXPECT_EQ(parse_command_line("stress=x").wrong_word, "stress=x");
}

} // namespace
