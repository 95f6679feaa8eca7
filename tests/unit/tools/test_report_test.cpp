#include "tools/commands/test_report.h"

#include <gtest/gtest.h>

namespace tool {
namespace {

TEST(TestReport, HasALineForEachTest) {
    TestReport report;
    EXPECT_EQ(report.take("Internal ctest changing into directory: /build"), "");
    EXPECT_EQ(report.take("Test project /build"), "");
    EXPECT_EQ(report.take("        Start   1: unit.Drain"), "");
    EXPECT_EQ(report.take("  1/403 Test   #1: unit.Drain ...................   Passed    0.05 sec"),
              "  1/403  passed     0.05 s  unit.Drain\n");
    EXPECT_EQ(report.take("402/403 Test #341: system.SelfTest.Passes/bare_native ...***Failed    "
                          "12.20 sec"),
              "402/403  FAILED    12.20 s  system.SelfTest.Passes/bare_native\n");
    EXPECT_EQ(
        report.take(" 29/403 Test  #77: system.SelfTestOnQemu.Passes ...***Timeout 300.02 sec"),
        " 29/403  FAILED   300.02 s  system.SelfTestOnQemu.Passes\n");
}

TEST(TestReport, PassesOnWhatAFailedTestPrinted) {
    TestReport report;
    EXPECT_EQ(report.take("/build/drain_test.cpp:12: Failure"),
              "/build/drain_test.cpp:12: Failure\n");
    EXPECT_EQ(report.take("  Test of the ring took 3 sec"), "  Test of the ring took 3 sec\n");
    EXPECT_EQ(report.take(""), "");
}

TEST(TestReport, SaysWhatRuns) {
    TestReport report;
    EXPECT_EQ(report.progress(), "");
    report.take("      Start  1: unit.Drain");
    report.take("      Start  2: unit.Ring");
    EXPECT_EQ(report.progress(), "the first tests: unit.Drain, unit.Ring");
    report.take("1/9 Test  #1: unit.Drain ........   Passed    0.05 sec");
    EXPECT_EQ(report.progress(), "1 of 9: unit.Ring");
}

TEST(TestReport, EndsWithTheCommandsThatRunFailedTestsAgain) {
    TestReport report;
    report.take("1/3 Test  #1: unit.Drain ........   Passed    0.05 sec");
    report.take("2/3 Test  #2: style.layers .....***Failed    0.05 sec");
    report.take("3/3 Test  #3: unit.Ring ..........Subprocess aborted***Exception:   0.10 sec");
    EXPECT_EQ(report.take("33% tests passed, 2 tests failed out of 3"), "");
    EXPECT_EQ(report.take("Total Test time (real) =   0.20 sec"), "");
    EXPECT_EQ(report.take("\t  2 - style.layers (Failed)"), "");
    EXPECT_EQ(report.end(), "\n2 of 3 tests failed. To run one again:\n"
                            "  ./lazyhv test -R '^style\\.layers$'\n"
                            "  ./lazyhv test -R '^unit\\.Ring$'\n");
}

TEST(TestReport, SaysThatAllHavePassed) {
    TestReport report;
    EXPECT_EQ(report.end(), "");
    report.take("1/1 Test  #1: unit.Drain ........   Passed    0.05 sec");
    EXPECT_EQ(report.end(), "\nAll 1 tests passed.\n");
}

} // namespace
} // namespace tool
