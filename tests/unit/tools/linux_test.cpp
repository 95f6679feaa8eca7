// What the tool knows of Linux as a guest.

#include "tools/commands/bench_plan.h"
#include "tools/commands/linux_image.h"
#include "tools/host/failure.h"
#include "tools/linux/packages.h"
#include "tools/results/linux_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

TEST(KernelWords, AreTheConsolesFirst) {
    const std::vector<std::string> words = kernel_words({false, "", ""});
    EXPECT_EQ(words.front(), "console=ttyS0");
    EXPECT_THAT(words, Contains("pti=off"));
    EXPECT_THAT(words, Contains("panic=-1"));
    EXPECT_THAT(words, Not(Contains(StartsWith("run="))));
}

TEST(KernelWords, EndWithTheUsers) {
    const std::vector<std::string> words =
        kernel_words({true, "pingpong,fork", " nosmp  loglevel=7 "});
    EXPECT_THAT(words, Contains("pti=on"));
    EXPECT_THAT(std::vector(words.end() - 3, words.end()),
                ElementsAre("run=pingpong,fork", "nosmp", "loglevel=7"));
}

TEST(KernelWords, AreNotTornByABlankInAName) {
    EXPECT_THROW(kernel_words({false, "pingpong, fork", ""}), Failure);
}

TEST(PackageText, NamesTheKernelsPackage) {
    EXPECT_EQ(first_dependency("linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n"
                               "  Recommends: x\n"),
              "linux-image-6.1.0-56-amd64");
    EXPECT_EQ(first_dependency("linux-image-amd64\n"), std::nullopt);
    EXPECT_EQ(first_dependency("x\n  Depends:"), std::nullopt);
    EXPECT_EQ(first_dependency(""), std::nullopt);
}

TEST(PackageText, ListsLibraries) {
    EXPECT_THAT(library_files("\tlinux-vdso.so.1 (0x00007f21)\n"
                              "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f21)\n"
                              "\t/lib64/ld-linux-x86-64.so.2 (0x00007f21)\n"),
                ElementsAre("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"));
    EXPECT_THAT(library_files("\tstatically linked\n"), IsEmpty());
    EXPECT_THROW(library_files("\tlibnuma.so.1 => not found\n"), Failure);
}

std::vector<std::string> names(std::string_view profile) {
    std::vector<std::string> all;
    for (const LinuxBoot& boot : choose_linux_boots(profile))
        all.push_back(name(boot));
    return all;
}

TEST(LinuxBoots, AreThoseOfOneProfile) {
    EXPECT_THAT(names("classic"), ElementsAre("Linux on classic", "Linux on classic with pti",
                                              "lazyhv's kernel on classic, native",
                                              "lazyhv's kernel on classic, lazy"));
    EXPECT_THAT(names("hardened"),
                ElementsAre("Linux on hardened", "lazyhv's kernel on hardened, native",
                            "lazyhv's kernel on hardened, lazy"));
    EXPECT_THROW(names("soft"), Failure);
}

TEST(LinuxBoots, AreThoseOfAllProfiles) {
    EXPECT_EQ(names("").size(), 11U);
    EXPECT_EQ(names("").front(), "Linux on modern");
}

TEST(LinuxTable, HasLinuxBesideOurKernel) {
    const tool::Run with_isolation{
        .profile = abi::Profile::classic,
        .interface = abi::Interface::native,
        .results = {parse_result("workload=linux/pingpong switches=100 ticks=5000 exits=200 "
                                 "monitor_ticks=1000 exit.CR_ACCESS=200"),
                    parse_result(
                        "workload=linux/fork operations=10 entries=10 ticks=900 exits=70")},
        .context = {},
        .has_page_table_isolation = true};
    const tool::Run own{
        .profile = abi::Profile::classic,
        .interface = abi::Interface::lazy,
        .results = {parse_result("workload=pingpong switches=10 ticks=700 exits=10")},
        .context = {}};
    const std::string table =
        linux_table({with_isolation, own}, {"bochs", "haswell", "instructions"});
    EXPECT_THAT(table, HasSubstr("classic  Linux, pti      2.000     40       10  CR_ACCESS 2\n"));
    EXPECT_THAT(table, HasSubstr("classic  lazyhv's, lazy  1.000     70        0\n"));
    EXPECT_THAT(table, HasSubstr("classic  Linux, pti  7.000     90        0\n"));
    EXPECT_THAT(table, HasSubstr("Measured on bochs, CPU haswell; its TSC counts instructions.\n"));
}

} // namespace
} // namespace tool
