// Arguments that cannot be met are refused before anything is booted, each with its own message.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace test {
namespace {

using testing::HasSubstr;

void expect_refused(const std::vector<std::string>& arguments, const std::string& message) {
    const Outcome outcome = lazyhv(arguments);
    EXPECT_GT(outcome.status, 0);
    EXPECT_LT(outcome.status, 128);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
    EXPECT_THAT(outcome.error, HasSubstr(message));
    EXPECT_EQ(outcome.output, "");
}

TEST(WrongArguments, UnknownProfile) {
    expect_refused({"run", "--profile", "soft", guest_image()},
                   "unknown profile \"soft\": give bare, classic, hardened, modern");
    expect_refused({"bench", "--profile", "soft"},
                   "unknown profile \"soft\": give bare, classic, hardened, modern");
}

TEST(WrongArguments, WhatLinuxCannotBe) {
    expect_refused({"linux", "--profile", "soft"}, "unknown profile \"soft\"");
    expect_refused({"linux", "--profile", "bare"}, "only the monitor boots Linux");
    expect_refused({"linux", "--json", "x.json"}, "--json needs --bench");
    expect_refused({"linux", "--bench", "--pti"}, "--bench chooses --pti and --run itself");
    expect_refused({"linux", "--run", "pingpong, fork"},
                   "separate the names by commas, without blanks");
    expect_refused({"linux", "--kernel", "no-such-file"}, "there is no guest image no-such-file");
    expect_refused({"linux", "--kernel", guest_image()}, "is not a Linux kernel");
    expect_refused({"linux", "--interface", "quick"}, "unknown interface \"quick\"");
    expect_refused({"linux", "--interface", "lazy", "--protect"},
                   "--protect is for 64-bit kernels");
    expect_refused({"linux", "--interface", "lazy", "--bench"}, "leave --interface out");
}

TEST(WrongArguments, UnknownInterface) {
    expect_refused({"run", "--interface", "quick", guest_image()},
                   "unknown interface \"quick\": give native, eager, lazy");
    expect_refused({"bench", "--interface", "quick"},
                   "unknown interface \"quick\": give native, eager, lazy");
}

TEST(WrongArguments, TheBareMachineHasNoRom) {
    expect_refused({"bench", "--profile", "bare", "--interface", "lazy"},
                   "the bare machine has no ROM");
}

TEST(WrongArguments, ProcessorsOutOfRange) {
    for (const char* cpus : {"0", "9", "many"}) {
        expect_refused({"run", "--cpus", cpus, guest_image()}, "--cpus");
        expect_refused({"bench", "--cpus", cpus}, "--cpus");
    }
}

TEST(WrongArguments, WorkloadsThatTheProcessorsDoNotFit) {
    expect_refused({"bench", "--cpus", "1", "--workload", "shootdown/unmap/8"},
                   "shootdown/unmap/8 needs several processors");
    expect_refused({"bench", "--cpus", "4", "--workload", "threads"},
                   "on several processors there are full, pingpong, address-space, empty-vmcall "
                   "and shootdown/...");
}

TEST(WrongArguments, UnknownCpuModel) {
    expect_refused({"run", "--machine", "bochs", "--cpu", "pentium_9", guest_image()},
                   "Bochs has no CPU model \"pentium_9\"; those with VT-x and EPT are:");
    expect_refused({"bench", "--machine", "bochs", "--cpu", "pentium_9"}, "corei7_haswell_4770");
}

TEST(WrongArguments, UnknownMachine) {
    expect_refused({"run", "--machine", "xen", guest_image()},
                   "unknown machine \"xen\": give bochs or kvm");
}

TEST(WrongArguments, MemoryOutOfRange) {
    expect_refused({"run", "--memory", "32M", guest_image()},
                   "memory size \"32M\": give 64M to 3G");
    expect_refused({"run", "--memory", "lots", guest_image()},
                   "memory size \"lots\": give 64M to 3G");
}

TEST(WrongArguments, ShadowMemoryThatMakesNoSense) {
    expect_refused({"run", "--profile", "classic", "--shadow-memory", "66K", guest_image()},
                   "shadow memory size \"66K\": give 64K to 1G in whole pages of 4K");
    expect_refused({"bench", "--shadow-memory", "much"},
                   "shadow memory size \"much\": give 64K to 1G");
}

TEST(WrongArguments, OnlyClassicHasShadowPageTables) {
    expect_refused({"run", "--shadow-memory", "2M", guest_image()},
                   "--shadow-memory is about shadow page tables, which only profile classic has; "
                   "this is profile hardened");
    expect_refused({"run", "--profile", "modern", "--checked", guest_image()},
                   "--checked is about shadow page tables, which only profile classic has; this "
                   "is profile modern");
    expect_refused({"bench", "--profile", "modern", "--shadow-memory", "2M"},
                   "--shadow-memory is for profile classic, which is not among those measured");
}

TEST(WrongArguments, MissingGuest) {
    expect_refused({"run", "/nowhere/guest.elf"}, "there is no guest image /nowhere/guest.elf");
    expect_refused({"bench", "/nowhere/guest.elf"}, "there is no guest image /nowhere/guest.elf");
    expect_refused({"run", "/"}, "the guest image / is not a file");
    expect_refused({"run"}, "GUEST.elf is required");
}

TEST(WrongArguments, UnreadableGuest) {
    const std::string path = testing::TempDir() + "unreadable.elf." + std::to_string(getpid());
    std::ofstream(path) << "x";
    std::filesystem::permissions(path, std::filesystem::perms::none);
    std::vector<std::string> words{lazyhv_program(), "run", path};
    if (geteuid() == 0) // without these, root reads only what its owner may
        words.insert(words.begin(), {"/usr/bin/env", "setpriv", "--bounding-set",
                                     "-dac_override,-dac_read_search", "--"});
    const Outcome outcome = Command(words).wait();
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.error, HasSubstr("cannot be read"));
    std::filesystem::remove(path);
}

TEST(WrongArguments, LineBreakInAGuestArgument) {
    expect_refused({"run", guest_image(), "--", "a\nboot"},
                   "a guest argument may not contain a line break");
}

TEST(WrongArguments, NoFolderForTheImage) {
    expect_refused({"run", "--image", "/nowhere/lazyhv.iso", guest_image()},
                   "cannot write the image to /nowhere/lazyhv.iso: there is no folder /nowhere");
}

TEST(WrongArguments, TestsOrTheNestedRun) {
    expect_refused({"test", "--nested", "-R", "Counts"}, "-R excludes --nested");
}

TEST(WrongArguments, UnknownOptionOrCommand) {
    expect_refused({"bench", "--fast"}, "--fast");
    expect_refused({"brench"}, "brench");
    expect_refused({"bench", "--switches", "0"}, "--switches");
    expect_refused({"bench", "--switches", "many"}, "--switches");
    expect_refused(
        {}, "name a command: build, bench, compare, report, run, linux, test, fuzz, fidelity, "
            "longest-exit, trace or doctor");
}

TEST(WrongArguments, NoFolderForTheResults) {
    expect_refused({"bench", "--json", "/nowhere/results.json"}, "there is no folder /nowhere");
    expect_refused({"bench", "--json", "/tmp"}, "it is a folder");
    expect_refused({"bench", "--json", "/dev/fd/77"}, "results to /dev/fd/77: Bad file descriptor");
}

TEST(Help, HasExamples) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"},
                                                      {"build", "--help"},
                                                      {"bench", "--help"},
                                                      {"compare", "--help"},
                                                      {"report", "--help"},
                                                      {"run", "--help"}}) {
        const Outcome outcome = lazyhv(arguments);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_THAT(outcome.output, HasSubstr("Examples:\n  ./lazyhv "));
        EXPECT_EQ(outcome.error, "");
    }
}

TEST(Doctor, SaysWhatBenchWouldRunOn) {
    const Outcome outcome = lazyhv({"doctor"});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    EXPECT_THAT(outcome.output, HasSubstr("Bochs x86 Emulator"));
    EXPECT_THAT(outcome.output, HasSubstr("\n  machine: "));
}

TEST(Doctor, NamesThePackageOfAMissingProgram) {
    const Outcome outcome = lazyhv({"doctor"}, {{"PATH", "/nowhere"}});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, testing::ContainsRegex("bochs +MISSING: apt-get install bochs\n"));
}

} // namespace
} // namespace test
