// The guest's own tests under every profile and interface, on every CPU model, and on bare QEMU;
// and the two builds whose context_switch leaves the lazy mode too late, which must fail.

#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

namespace test {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

void expect_passed(const Outcome& outcome) {
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, ContainsRegex("tests: [1-9][0-9]* passed, 0 failed"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("FAIL")));
}

class SelfTest : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(SelfTest, Passes) {
    expect_passed(run_guest(std::get<0>(GetParam()), std::get<1>(GetParam()), {"test"}));
}

INSTANTIATE_TEST_SUITE_P(
    Everywhere, SelfTest,
    testing::Values(std::tuple{"bare", "native"}, std::tuple{"classic", "native"},
                    std::tuple{"classic", "eager"}, std::tuple{"hardened", "native"},
                    std::tuple{"hardened", "eager"}, std::tuple{"modern", "native"},
                    std::tuple{"modern", "eager"}, std::tuple{"modern", "lazy"}),
    [](const auto& row) {
        return std::string(std::get<0>(row.param)) + "_" + std::get<1>(row.param);
    });

class SelfTestOnModel : public testing::TestWithParam<std::string> {};

TEST_P(SelfTestOnModel, Passes) {
    const Outcome outcome = run_guest("hardened", "lazy", {"test"}, "guest", {"--cpu", GetParam()});
    expect_passed(outcome);
    // Its one store to the GDT that is no plain one ran as a single step.
    EXPECT_THAT(outcome.output, HasSubstr("EXCEPTION_NMI 1\n"));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, SelfTestOnModel, testing::ValuesIn(working_models),
                         [](const auto& row) { return row.param; });

/// Shadow paging needs no EPT.
class ClassicSelfTestOnModel : public testing::TestWithParam<std::string> {};

TEST_P(ClassicSelfTestOnModel, Passes) {
    expect_passed(run_guest("classic", "lazy", {"test"}, "guest", {"--cpu", GetParam()}));
}

INSTANTIATE_TEST_SUITE_P(WithEpt, ClassicSelfTestOnModel, testing::ValuesIn(working_models),
                         [](const auto& row) { return row.param; });
INSTANTIATE_TEST_SUITE_P(WithoutEpt, ClassicSelfTestOnModel, testing::Values(model_without_ept),
                         [](const auto& row) { return row.param; });

/// After every VM exit the monitor compares its shadow page tables with the guest's.
class CheckedSelfTest : public testing::TestWithParam<std::string> {};

TEST_P(CheckedSelfTest, Passes) {
    expect_passed(run_guest("classic", GetParam(), {"test"}, "guest", {"--checked"}));
}

// Not eager: it makes an exit of every entry, and each is followed by a look at all tables.
INSTANTIATE_TEST_SUITE_P(Everywhere, CheckedSelfTest, testing::Values("native", "lazy"),
                         [](const auto& row) { return row.param; });

TEST(SelfTestOnQemu, Passes) {
    Command command({"/usr/bin/env", "qemu-system-x86_64", "-accel", "tcg", "-cpu", "Westmere",
                     "-m", "256", "-kernel", guest_image(), "-append", "test", "-serial", "stdio",
                     "-display", "none", "-no-reboot", "-device",
                     "isa-debug-exit,iobase=0xf4,iosize=0x4"});
    const Outcome outcome = command.wait();
    EXPECT_EQ(outcome.status, 1) << outcome.error; // isa-debug-exit: status << 1 | 1
    EXPECT_THAT(outcome.output, ContainsRegex("tests: [1-9][0-9]* passed, 0 failed"));
}

TEST(LateLeave, BehindTheGsReloadFails) {
    const Outcome outcome = run_guest("hardened", "lazy", {"test"}, "guest-leave-after-gs");
    EXPECT_EQ(outcome.status, 1) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("test tls: FAIL"));
}

TEST(LateLeave, BehindTheFpuRestoreFails) {
    const Outcome outcome = run_guest("hardened", "lazy", {"test"}, "guest-leave-after-fpu");
    EXPECT_EQ(outcome.status, 1) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("test fpu: FAIL"));
}

// What is wrong with those two builds is only the place of the leave: nothing is lazy here.
TEST(LateLeave, DoesNotMatterWithoutALazyMode) {
    expect_passed(run_guest("hardened", "eager", {"test"}, "guest-leave-after-gs"));
    expect_passed(run_guest("hardened", "eager", {"test"}, "guest-leave-after-fpu"));
}

} // namespace
} // namespace test
