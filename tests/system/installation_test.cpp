// What `cmake --install` installs: manual pages, and completion for three shells.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;
using testing::Not;
namespace fs = std::filesystem;

std::vector<std::string> words_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

std::string content(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

class Installation : public testing::Test {
  protected:
    void SetUp() override {
        Command install({"/usr/bin/cmake", "--install", LAZYHV_BINARY_DIR, "--prefix", prefix_});
        const Outcome outcome = install.wait();
        ASSERT_EQ(outcome.status, 0) << outcome.error;
    }

    /// What the shell command prints; $0 is the prefix.
    Outcome shell(const std::string& program, const std::string& script) {
        Command command({program, "-c", script, prefix_.string()});
        return command.wait();
    }

    /// What bash offers behind these words, the last of which has been begun.
    std::vector<std::string> bash_offers(const std::string& line) {
        return words_of(
            shell("/bin/bash", "source \"$0/share/bash-completion/completions/lazyhv\"; "
                               "COMP_WORDS=(lazyhv " +
                                   line +
                                   "); "
                                   "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _lazyhv; "
                                   "echo \"${COMPREPLY[@]}\"")
                .output);
    }

  private:
    Command holder_{{"true"}}; // for its folder

  protected:
    const fs::path prefix_ = holder_.folder() / "prefix";
};

TEST_F(Installation, HasAPageForEachCommand) {
    const std::vector<std::string> commands = bash_offers("''");
    EXPECT_THAT(commands,
                IsSupersetOf({"bench", "run", "linux", "test", "longest-exit", "doctor"}));
    for (const std::string& command : commands) {
        const fs::path page = prefix_ / "share/man/man1" / ("lazyhv-" + command + ".1");
        EXPECT_THAT(content(page), HasSubstr(".SH SYNOPSIS")) << page;
    }
    EXPECT_THAT(content(prefix_ / "share/man/man1/lazyhv.1"), HasSubstr("bench"));
    const Outcome lint = shell("/bin/sh", "mandoc -T lint -W error \"$0\"/share/man/man1/*.1");
    EXPECT_EQ(lint.status, 0) << lint.output;
}

TEST_F(Installation, BashCompletesOptionsAndTheirValues) {
    EXPECT_THAT(bash_offers("be"), testing::ElementsAre("bench"));
    EXPECT_THAT(bash_offers("bench --p"), testing::ElementsAre("--profile"));
    EXPECT_THAT(bash_offers("bench --profile ''"),
                testing::ElementsAre("bare", "classic", "hardened", "modern"));
    EXPECT_THAT(bash_offers("linux --protect ''"), Not(Contains("off"))); // a flag there
    EXPECT_THAT(bash_offers("run --protect ''"), testing::ElementsAre("on", "off"));
}

TEST_F(Installation, FishCompletesOptionsAndTheirValues) {
    const std::string source = "source $argv[1]/share/fish/vendor_completions.d/lazyhv.fish; ";
    const auto offers = [&](const std::string& line) {
        Command command(
            {"/usr/bin/fish", "-N", "-c", source + "complete -C '" + line + "'", prefix_.string()});
        return command.wait().output;
    };
    EXPECT_THAT(offers("lazyhv be"), HasSubstr("bench\t"));
    EXPECT_THAT(offers("lazyhv bench --pro"), HasSubstr("--profile\t"));
    EXPECT_THAT(offers("lazyhv bench --profile ha"), HasSubstr("hardened"));
}

TEST_F(Installation, ZshUnderstandsItsScript) {
    const std::string file = "\"$0/share/zsh/site-functions/_lazyhv\"";
    EXPECT_EQ(shell("/usr/bin/zsh", "zsh -f -n " + file).error, "");
    EXPECT_THAT(content(prefix_ / "share/zsh/site-functions/_lazyhv"),
                HasSubstr("'--profile[what the monitor owns\\: bare, classic, hardened, "
                          "modern]:value:(bare classic hardened modern)'"));
}

} // namespace
} // namespace test
