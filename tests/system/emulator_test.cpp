// What the command does when a run does not end by itself, and that no process or file remains.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

namespace test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> hanging_run{lazyhv_program(), "run", "--machine", "bochs",
                                           guest_image(),    "--",  "crash=hang"};

/// On the command line of Bochs when it emulates, as opposed to listing its CPU models.
const std::string emulators_settings = "/bochsrc";

TEST(Emulator, IsMissing) {
    const Outcome outcome =
        lazyhv({"run", "--machine", "bochs", guest_image()}, {{"PATH", "/nowhere"}});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: bochs is not installed"));
}

TEST(Emulator, IsKilledInTheMiddle) {
    Command command(hanging_run);
    const pid_t emulator = command.wait_for_process(emulators_settings);
    ASSERT_NE(emulator, -1);
    kill(emulator, SIGKILL);
    const Outcome outcome = command.wait();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: the emulator ended before the guest did "
                                         "(killed by signal 9 (Killed))"));
    EXPECT_THAT(command.leftovers(), IsEmpty());
}

/// Ctrl-C, or another such signal, while a program with this in its command line runs.
void expect_clean_interruption(int signal_number, const std::string& during) {
    Command command(hanging_run);
    const pid_t program = command.wait_for_process(during);
    ASSERT_NE(program, -1);
    command.send(signal_number);
    EXPECT_EQ(command.wait().status, 128 + signal_number);
    EXPECT_FALSE(is_running(program));
    EXPECT_THAT(command.leftovers(), IsEmpty());
}

TEST(Emulator, EndsWithControlC) { expect_clean_interruption(SIGINT, emulators_settings); }
TEST(Emulator, EndsWithSigterm) { expect_clean_interruption(SIGTERM, emulators_settings); }

/// xorriso is started by grub-mkrescue, which has made its temporary files by then.
TEST(Image, IsNotFinishedAfterASignal) {
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP})
        expect_clean_interruption(signal_number, "xorriso");
}

TEST(Emulator, DoesNotOutliveTheCommand) {
    Command command(hanging_run);
    const pid_t bochs = command.wait_for_process(emulators_settings);
    ASSERT_NE(bochs, -1);
    command.send(SIGKILL);
    EXPECT_EQ(command.wait().status, 128 + SIGKILL);
    EXPECT_TRUE(has_ended(bochs));
}

TEST(Emulator, HitsTheTimeLimit) {
    Command command({lazyhv_program(), "run", "--machine", "bochs", "--time-limit", "4",
                     guest_image(), "--", "crash=hang"});
    const Outcome outcome = command.wait();
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error,
                HasSubstr("lazyhv: error: the guest has not ended within the time limit of 4 "
                          "seconds"));
    EXPECT_THAT(command.leftovers(), IsEmpty());
}

TEST(Emulator, KeepsItsLogWhereAskedTo) {
    const std::string log = testing::TempDir() + "lazyhv-emulator-log-" + std::to_string(getpid());
    const Outcome outcome = lazyhv({"run", "--machine", "bochs", "--profile", "bare", "--interface",
                                    "native", "--emulator-log", log, guest_image(), "--", "hello"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    std::ifstream stream(log);
    EXPECT_THAT(std::string((std::istreambuf_iterator<char>(stream)), {}),
                HasSubstr("Shutdown port"));
    std::filesystem::remove(log);
}

/// Names that mean something else in the settings of Bochs, in QEMU's options or to xorriso.
const std::string odd_name = "a b, \"c\" $HOME=x %d 'y'";

TEST(Emulator, WritesALogWithAnyName) {
    Command holder({"true"});
    holder.wait();
    const std::string log = holder.folder() / odd_name;
    const Outcome outcome = lazyhv({"run", "--machine", "bochs", "--profile", "bare", "--interface",
                                    "native", "--emulator-log", log, guest_image(), "--", "hello"});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    ASSERT_TRUE(std::filesystem::is_regular_file(log));
    EXPECT_GT(std::filesystem::file_size(log), 0U);
}

TEST(Emulator, RefusesALogThatIsNoFile) {
    const Outcome outcome =
        lazyhv({"run", "--machine", "bochs", "--emulator-log", "/dev/null", guest_image()});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("/dev/null: it is not a regular file"));
}

TEST(Emulator, RunsInAFolderWithAnyName) {
    Command holder({"true"});
    holder.wait();
    const std::filesystem::path folder = holder.folder() / odd_name;
    std::filesystem::create_directory(folder);
    const Outcome outcome = lazyhv({"run", "--machine", "bochs", "--profile", "bare", "--interface",
                                    "native", guest_image(), "--", "hello"},
                                   {{"TMPDIR", folder}});
    EXPECT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("hello"));
    EXPECT_TRUE(std::filesystem::is_empty(folder));
}

TEST(Grub, RefusesAGuestThatIsTooBigForTheMachine) {
    const std::string path = testing::TempDir() + "lazyhv-big-" + std::to_string(getpid());
    std::ofstream(path).close();
    std::filesystem::resize_file(path, 100ULL << 20U);
    const Outcome outcome = lazyhv({"run", "--machine", "bochs", "--memory", "64M", path});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: GRUB could not load the image: out of "
                                         "memory. The guest image is too big"));
    std::filesystem::remove(path);
}

} // namespace
} // namespace test
