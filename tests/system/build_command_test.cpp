// `lazyhv build`: what it builds, its list of targets, its errors, and Ctrl-C.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <unistd.h>

namespace test {
namespace {

using testing::HasSubstr;

/// A build folder of its own, with a copy of the command and a small build.ninja as CMake writes
/// it.
class Build : public testing::Test {
  protected:
    Build() {
        std::filesystem::create_directories(folder_ / "tools");
        std::filesystem::copy(lazyhv_program(), folder_ / "tools/lazyhv");
        std::ofstream(folder_ / "build.ninja") << R"(
rule write
  command = echo made > $out
rule fail
  command = echo no such flag >&2; false
rule wait
  command = sleep 98765
build guest/guest.elf: write
build guest_kernel: phony guest/guest.elf
build guest/all: phony guest_kernel
build edit_cache: phony guest/guest.elf
build broken.o: fail
build broken: phony broken.o
build slow.o: wait
build slow: phony slow.o
build all: phony guest/all
default all
)";
    }
    ~Build() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::vector<std::string> words(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {(folder_ / "tools/lazyhv").string(), "build"});
        return arguments;
    }
    [[nodiscard]] Outcome build(const std::vector<std::string>& arguments) const {
        return Command(words(arguments)).wait();
    }
    [[nodiscard]] bool has(const std::string& file) const {
        return std::filesystem::exists(folder_ / file);
    }

  private:
    const std::filesystem::path folder_ =
        testing::TempDir() + "lazyhv-build-" + std::to_string(getpid());
};

TEST_F(Build, BuildsEverythingAndShowsItsProgress) {
    const Outcome outcome = build({});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("[1/1] echo made > guest/guest.elf\n"));
    EXPECT_TRUE(has("guest/guest.elf"));
}

TEST_F(Build, BuildsTheTargetsThatAreGiven) {
    for (const char* target : {"guest_kernel", "guest/all", "guest/guest.elf"}) {
        const Outcome outcome = build({target, "--jobs", "2"});
        EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
        EXPECT_TRUE(has("guest/guest.elf")) << target;
    }
}

TEST_F(Build, RefusesAnUnknownTargetBeforeItBuildsAnything) {
    const Outcome outcome = build({"guest_kernel", "guest_kernal"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: there is no target \"guest_kernal\" to "
                                         "build: `./lazyhv build --list` prints the targets"));
    EXPECT_FALSE(has("guest/guest.elf"));
}

TEST_F(Build, ListsTargetsButNoFilesAndNothingOfCMake) {
    const Outcome outcome = build({"--list"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "all\nbroken\nguest/all\nguest_kernel\nslow\n");
    EXPECT_FALSE(has("guest/guest.elf"));
}

TEST_F(Build, FailsAsTheBuildDoes) {
    const Outcome outcome = build({"broken"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("no such flag"));
}

TEST_F(Build, EndsWithCtrlC) {
    using namespace std::string_literals;
    Command command(words({"slow"}));
    // The program, not the shell that starts it: a signal between the two would reach the shell
    // alone, which then waits for the program's end.
    const pid_t sleeping = command.wait_for_process("sleep\0"
                                                    "98765"s);
    ASSERT_NE(sleeping, -1);
    command.send(SIGINT);
    EXPECT_NE(command.wait().status, 0);
    EXPECT_TRUE(has_ended(sleeping));
}

} // namespace
} // namespace test
