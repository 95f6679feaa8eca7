// The script ./lazyhv beside another one that is building.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

/// A checkout with nothing in it but the script and the README, whose lock is held by "process 7".
class BesideABuild : public testing::Test {
  protected:
    void SetUp() override {
        for (const char* name : {"lazyhv", "README.md"})
            std::filesystem::copy_file(std::filesystem::path(LAZYHV_SOURCE_DIR) / name,
                                       checkout_ / name);
        std::filesystem::create_directories(checkout_ / "build/tools");
        std::ofstream(checkout_ / "build/bootstrap.lock") << "process 7: ./lazyhv test\n";
    }

    /// Runs `./lazyhv WORDS` for at most three seconds.
    Outcome script(const std::string& words) {
        Command command({"/bin/sh", "-c",
                         "cd \"$0\" && exec flock build/bootstrap.lock timeout 3 ./lazyhv " + words,
                         checkout_.string()});
        return command.wait();
    }

    void add_command() const {
        std::filesystem::copy_file(lazyhv_program(), checkout_ / "build/tools/lazyhv");
    }

  private:
    Command holder_{{"true"}}; // for its folder
    const std::filesystem::path checkout_ = holder_.folder();
};

TEST_F(BesideABuild, SaysWhatItWaitsFor) {
    const Outcome outcome = script("bench");
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.error,
                StartsWith("lazyhv: waiting for another ./lazyhv (process 7: ./lazyhv test), "
                           "which is building in "));
}

TEST_F(BesideABuild, TheHelpOfACommandThatIsThereDoesNotWait) {
    add_command();
    for (const char* words : {"--help", "bench --profile classic -h", ""}) {
        const Outcome outcome = script(words);
        EXPECT_THAT(outcome.output + outcome.error, HasSubstr("lazyhv")) << words;
        EXPECT_THAT(outcome.error, Not(HasSubstr("waiting"))) << words;
    }
    EXPECT_THAT(script("run kernel.elf -- --help").error, HasSubstr("waiting"));
}

TEST_F(BesideABuild, TheHelpBeforeThereIsACommandIsTheReadmes) {
    const Outcome outcome = script("--help");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.output, HasSubstr("./lazyhv bench "));
    EXPECT_THAT(outcome.output, HasSubstr("./lazyhv doctor "));
    EXPECT_THAT(outcome.error, HasSubstr("is being built (process 7: ./lazyhv test)"));
}

TEST_F(BesideABuild, DoctorDoesNotWaitEither) {
    const Outcome outcome = script("doctor");
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("try again later"));
    add_command();
    EXPECT_THAT(script("doctor").output, HasSubstr("Bochs"));
}

} // namespace
} // namespace test
