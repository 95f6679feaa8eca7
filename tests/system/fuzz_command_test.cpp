// `lazyhv fuzz`: its arguments, Ctrl-C, single inputs, and what it prints about a crash.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <unistd.h>

namespace test {
namespace {

using testing::HasSubstr;

const std::string targets = "descriptors, drain, exits, hypercall, instruction, rom_probe";

void expect_refused(const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = lazyhv(arguments);
    EXPECT_GT(outcome.status, 0);
    EXPECT_LT(outcome.status, 128);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
    EXPECT_THAT(outcome.error, HasSubstr(message));
    EXPECT_EQ(outcome.output, "");
}

std::filesystem::path corpus(const std::string& target) {
    return std::filesystem::path(LAZYHV_SOURCE_DIR) / "tests/fuzz/corpus" / target;
}

TEST(Fuzz, UnknownTargetsAreRefused) {
    expect_refused({"fuzz", "drains"}, "unknown fuzz target \"drains\": give " + targets);
    expect_refused({"fuzz", "drain", "ring"}, "unknown fuzz target \"ring\": give " + targets);
}

TEST(Fuzz, ArgumentsThatMakeNoSenseAreRefused) {
    expect_refused({"fuzz", "--minutes", "0"}, "--minutes");
    expect_refused({"fuzz", "--minutes", "long"}, "--minutes");
    expect_refused({"fuzz", "--jobs", "0"}, "--jobs");
    expect_refused({"fuzz", "--fast"}, "--fast");
    expect_refused({"fuzz", "drain", "--input", "/nowhere/input"},
                   "the input /nowhere/input cannot be read");
    expect_refused({"fuzz", "--input", "/dev/null"}, "--input needs exactly one target");
    expect_refused({"fuzz", "drain", "exits", "--input", "/dev/null"},
                   "--input needs exactly one target");
}

TEST(Fuzz, HelpHasExamplesAndNamesTheTargets) {
    const Outcome outcome = lazyhv({"fuzz", "--help"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("Examples:\n  ./lazyhv fuzz"));
    EXPECT_THAT(outcome.output, HasSubstr(targets));
    EXPECT_EQ(outcome.error, "");
}

TEST(Fuzz, RunsOneInput) {
    const std::string input = (corpus("rom_probe") / "good_rom").string();
    const Outcome outcome = lazyhv({"fuzz", "rom_probe", "--input", input});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.error, HasSubstr("Executed " + input));
}

TEST(Fuzz, CtrlCEndsItAndSaysWhatWasFound) {
    Command command({lazyhv_program(), "fuzz", "rom_probe", "--minutes", "5", "--jobs", "2"});
    const pid_t target = command.wait_for_process("rom_probe_fuzz");
    ASSERT_NE(target, -1);
    command.send(SIGINT);
    const Outcome outcome = command.wait();
    EXPECT_EQ(outcome.status, 128 + SIGINT);
    EXPECT_THAT(outcome.output, testing::ContainsRegex(
                                    "rom_probe: [0-9]+ new inputs? in .*/fuzz/corpus/rom_probe"));
    EXPECT_FALSE(is_running(target));
}

/// A build folder of its own, in which the target `drain` is a shell script.
class BuildFolder {
  public:
    BuildFolder(const std::filesystem::path& folder, const std::string& script) : folder_(folder) {
        std::filesystem::create_directories(folder / "tools");
        std::filesystem::create_directories(folder / "tests/fuzz");
        std::filesystem::copy(lazyhv_program(), folder / "tools/lazyhv");
        std::ofstream(folder / "CMakeCache.txt")
            << "CMAKE_HOME_DIRECTORY:INTERNAL=" << LAZYHV_SOURCE_DIR << '\n';
        std::ofstream(folder / "tests/fuzz/drain_fuzz") << "#!/bin/sh\n" << script;
        std::filesystem::permissions(folder / "tests/fuzz/drain_fuzz",
                                     std::filesystem::perms::owner_all);
    }
    ~BuildFolder() { std::filesystem::remove_all(folder_); }
    BuildFolder(const BuildFolder&) = delete;
    BuildFolder& operator=(const BuildFolder&) = delete;

    Outcome fuzz(const std::vector<std::string>& arguments) const {
        std::vector<std::string> words{(folder_ / "tools/lazyhv").string(), "fuzz"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        return Command(words).wait();
    }
    [[nodiscard]] std::string path(const std::string& name) const {
        return (folder_ / name).string();
    }

  private:
    std::filesystem::path folder_;
};

class FuzzedFolder : public testing::Test {
  protected:
    const std::filesystem::path folder =
        testing::TempDir() + "lazyhv-fuzz-" + std::to_string(getpid());
};

TEST_F(FuzzedFolder, ACrashIsNamedWithTheCommandThatRepeatsIt) {
    const BuildFolder build(folder, R"(
for word; do case $word in -artifact_prefix=*) place=${word#-artifact_prefix=} ;; esac; done
echo "#4096	pulse  cov: 1709 ft: 2796 corp: 161/4177b lim: 118 exec/s: 1024 rss: 76Mb" >&2
echo "does not hold: every entry is accounted for" >&2
echo "Test unit written to ${place}crash-12ab" >&2
exit 77
)");
    const Outcome outcome = build.fuzz({"drain"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("drain: 4096 executions, coverage 1709\n"));
    const std::string input = build.path("fuzz/artifacts/drain/crash-12ab");
    EXPECT_THAT(outcome.error, HasSubstr("does not hold: every entry is accounted for"));
    EXPECT_THAT(outcome.error, HasSubstr("drain: an input crashes it: " + input));
    EXPECT_THAT(outcome.error, HasSubstr("./lazyhv fuzz drain --input " + input + "\n"));
}

TEST_F(FuzzedFolder, NewInputsAreKeptAndCounted) {
    const BuildFolder build(folder, R"(
for word; do case $word in */fuzz/corpus/*) place=$word; break ;; esac; done
echo one >"$place/1"; echo two >"$place/2"
)");
    const Outcome outcome = build.fuzz({"drain", "--jobs", "3"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output,
                HasSubstr("drain: 2 new inputs in " + build.path("fuzz/corpus/drain")));
}

TEST_F(FuzzedFolder, ATargetThatFailsWithoutAnInputIsAnError) {
    const BuildFolder build(folder, "echo 'no memory' >&2; exit 1");
    const Outcome outcome = build.fuzz({"drain"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: the fuzzer failed:\nno memory"));
}

TEST_F(FuzzedFolder, ATargetThatIsNotBuiltIsNamed) {
    const BuildFolder build(folder, "");
    const Outcome outcome = build.fuzz({"exits"});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("exits_fuzz is not built; start this program through"));
}

} // namespace
} // namespace test
