// `lazyhv run` and `lazyhv bench` on the bare machine: the command's own part, without a monitor.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> bare{"--machine", "bochs",       "--profile",
                                    "bare",      "--interface", "native"};

std::vector<std::string> with_bare(std::vector<std::string> words,
                                   const std::vector<std::string>& more) {
    words.insert(words.end(), bare.begin(), bare.end());
    words.insert(words.end(), more.begin(), more.end());
    return words;
}

TEST(Run, ShowsTheConsoleAndNothingElse) {
    Command command(with_bare({lazyhv_program(), "run"}, {guest_image(), "--", "hello"}));
    const Outcome outcome = command.wait();
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("hello"));
    EXPECT_THAT(outcome.output, Not(HasSubstr("GRUB")));
    EXPECT_THAT(outcome.output, Not(HasSubstr("@")));
    EXPECT_THAT(outcome.output, Not(HasSubstr("\r")));
    EXPECT_THAT(outcome.error, testing::MatchesRegex("machine: [^\n]*\n"));
    EXPECT_THAT(command.leftovers(), IsEmpty());
}

TEST(Run, ShowsLinesForProgramsWhenAskedTo) {
    const Outcome outcome = lazyhv(with_bare({"run", "--verbose"}, {guest_image(), "--", "hello"}));
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("\n@end status=0"));
}

TEST(Run, EndsWithTheGuestsStatus) {
    const Outcome outcome = lazyhv(with_bare({"run"}, {guest_image(), "--", "workload=nonsense"}));
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("unknown workload: nonsense"));
}

TEST(Run, WritesTheImageAndBootsNothing) {
    Command holder({"true"}); // its folder keeps the image
    holder.wait();
    const std::string image = holder.folder() / "lazyhv.iso";
    const Outcome outcome = lazyhv({"run", "--image", image, guest_image(), "--", "hello"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output + outcome.error, "");
    EXPECT_GT(std::filesystem::file_size(image), std::filesystem::file_size(guest_image()));
    // A CD's file system begins in its sector 16 with this mark.
    std::string mark(6, '\0');
    std::ifstream(image).seekg(16 * 2048).read(mark.data(), 6);
    EXPECT_EQ(mark, "\1CD001");
}

TEST(Bench, SaysWhatTheGuestSaidOfAnUnknownWorkload) {
    const Outcome outcome = lazyhv(with_bare({"bench"}, {"--workload", "nonsense"}));
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error,
                HasSubstr("lazyhv: error: bare/native: the run ended with status 1"));
    EXPECT_THAT(outcome.error, HasSubstr("unknown workload: nonsense"));
    EXPECT_EQ(outcome.output, "");
}

/// As a shell's `--json >(cat)` does it, but with a link to the pipe's name as well.
TEST(Bench, WritesResultsIntoAPipe) {
    const std::string script = R"script(
ln -s /dev/fd/7 "$TMPDIR/link"
{ "$0" "$@" --json "$TMPDIR/link" 7>&1 >/dev/null || echo "status $?"; } | cat
[ -L "$TMPDIR/link" ]
)script";
    const Outcome outcome = Command(with_bare({"/bin/sh", "-c", script, lazyhv_program(), "bench"},
                                              {"--workload", "full", "--switches", "10"}))
                                .wait();
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, testing::StartsWith("{"));
    EXPECT_THAT(outcome.output, HasSubstr("\"benchmarks\""));
    EXPECT_THAT(outcome.output, Not(HasSubstr("status")));
}

/// On a file system without room for the new results: all as it was, and a message.
TEST(Bench, KeepsTheOldResultsWhenTheDiskIsFull) {
    const std::string script = R"script(
set -e
mount -t tmpfs -o size=4k,mode=0777 none "$0"
echo old > "$0/results.json"
status=0
"$@" --json "$0/results.json" || status=$?
[ "$(cat "$0/results.json")" = old ] || exit 98
[ "$(ls "$0")" = results.json ] || exit 97
exit $status
)script";
    const std::string folder = testing::TempDir() + "lazyhv-full-disk-" + std::to_string(getpid());
    std::filesystem::create_directory(folder);
    const std::vector<std::string> shell{"/usr/bin/unshare",
                                         "--map-root-user",
                                         "--mount",
                                         "/bin/sh",
                                         "-c",
                                         script,
                                         folder,
                                         lazyhv_program(),
                                         "bench"};
    Command command(with_bare(shell, {"--workload", "full", "--switches", "10"}));
    const Outcome outcome = command.wait();
    std::filesystem::remove(folder);
    EXPECT_EQ(outcome.status, 1) << outcome.error;
    EXPECT_THAT(outcome.error, HasSubstr("No space left on device; the old file is unchanged"));
}

} // namespace
} // namespace test
