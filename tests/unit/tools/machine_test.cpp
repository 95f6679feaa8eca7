#include "tools/host/child_process.h"
#include "tools/host/failure.h"
#include "tools/image/grub_config.h"
#include "tools/machine/bochs.h"
#include "tools/machine/kvm.h"
#include "tools/machine/machine.h"
#include "tools/machine/memory_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(MemorySize, TakesMebibytesAndGibibytes) {
    EXPECT_EQ(parse_memory_size("64M"), 64U);
    EXPECT_EQ(parse_memory_size("256"), 256U);
    EXPECT_EQ(parse_memory_size("1G"), 1024U);
    EXPECT_EQ(parse_memory_size("3g"), 3072U);
}

TEST(MemorySize, OutOfRangeOrNoNumberIsRefused) {
    for (const std::string_view text : {"", "M", "63M", "0", "4G", "3073M", "1T", "-1G", "1.5G",
                                        "256MB", "4194304G", "99999999999"})
        EXPECT_THROW(parse_memory_size(text), Failure) << text;
}

TEST(ShadowMemorySize, TakesWholePagesFrom64KTo1G) {
    EXPECT_EQ(parse_shadow_memory_size("64K"), 64U);
    EXPECT_EQ(parse_shadow_memory_size("100k"), 100U);
    EXPECT_EQ(parse_shadow_memory_size("2M"), 2048U);
    EXPECT_EQ(parse_shadow_memory_size("3"), 3072U);
    EXPECT_EQ(parse_shadow_memory_size("1G"), 1024U * 1024);
}

TEST(ShadowMemorySize, OutOfRangeOrNoNumberIsRefused) {
    for (const std::string_view text :
         {"", "K", "0", "60K", "66K", "1025M", "2G", "4194304G", "-1M", "2MB", "2 M", "much"})
        EXPECT_THROW(parse_shadow_memory_size(text), Failure) << text;
}

constexpr std::string_view bochs_help = "00000000000i[      ] LTDL_LIBRARY_PATH not set\n"
                                        "Supported CPU models:\r\n\r\nbx_generic\r\n"
                                        "corei7_haswell_4770\r\n\r\n"
                                        "00000000000i[SIM   ] quit_sim called\n";

TEST(CpuModels, AreReadFromBochs) {
    EXPECT_THAT(parse_cpu_models(bochs_help), ElementsAre("bx_generic", "corei7_haswell_4770"));
}

TEST(CpuModels, WhenUnknownAreAnsweredWithThoseThatHaveVmx) {
    const std::vector<std::string> known = parse_cpu_models(bochs_help);
    EXPECT_NO_THROW(require_known_cpu_model("bx_generic", known));
    try {
        require_known_cpu_model("haswell", known);
        FAIL();
    } catch (const Failure& failure) {
        EXPECT_THAT(failure.what(), HasSubstr("no CPU model \"haswell\""));
        EXPECT_THAT(failure.what(), HasSubstr("corei7_haswell_4770"));
    }
}

TEST(MachineChoice, IsKvmOnlyWhereItGivesVmx) {
    const KvmCapability with{true, "with"};
    const KvmCapability without{false, "without"};
    EXPECT_EQ(choose_machine("", with).kind, MachineKind::kvm);
    EXPECT_EQ(choose_machine("", without).kind, MachineKind::bochs);
    EXPECT_THAT(choose_machine("", without).reason, HasSubstr("without"));
    EXPECT_EQ(choose_machine("bochs", with).kind, MachineKind::bochs);
    EXPECT_EQ(choose_machine("kvm", with).kind, MachineKind::kvm);
    EXPECT_THROW(choose_machine("kvm", without), Failure);
    EXPECT_THROW(choose_machine("xen", with), Failure);
}

TEST(BochsSettings, KeepWithinBochssLimits) {
    const Machine machine{.kind = MachineKind::bochs,
                          .cpu_model = "tigerlake",
                          .memory_mebibytes = 3072,
                          .cpus = 4,
                          .time_limit = std::chrono::seconds(1),
                          .emulator_log = std::nullopt};
    const std::string settings = bochs_settings(machine, "/dev/pts/9");
    EXPECT_THAT(settings, HasSubstr("cpu: model=tigerlake, count=4, ips=20000000\n"));
    EXPECT_THAT(settings, HasSubstr("memory: guest=3072, host=2048\n"));
    EXPECT_THAT(settings, HasSubstr("com1: enabled=1, mode=term, dev=/dev/pts/9\n"));
    EXPECT_THAT(settings, HasSubstr("clock: sync=none, time0=946684800\n"));
}

TEST(BochsSettings, LogTheExitsOfEveryProcessorWhenAsked) {
    Machine machine{.kind = MachineKind::bochs,
                    .cpu_model = "tigerlake",
                    .memory_mebibytes = 256,
                    .cpus = 1,
                    .time_limit = std::chrono::seconds(1),
                    .emulator_log = std::nullopt};
    const auto settings = [&machine] { return bochs_settings(machine, ""); };
    EXPECT_THAT(settings(), HasSubstr("debug: action=ignore\n"));
    machine.log_exits = true;
    EXPECT_THAT(settings(), HasSubstr("debug: action=ignore, cpu0=report\n"));
    machine.cpus = 3;
    EXPECT_THAT(settings(),
                HasSubstr("debug: action=ignore, cpu0=report, cpu1=report, cpu2=report\n"));
}

TEST(BochsScreen, IsNamedInWhatItPrints) {
    EXPECT_EQ(opened_screen("Ignoring magic break points\r\n"), std::nullopt);
    EXPECT_EQ(opened_screen("\nBochs connected to screen \"/dev/pts/1"), std::nullopt);
    EXPECT_EQ(opened_screen("\nBochs connected to screen \"/dev/pts/14\"\r\nNext at t=0"),
              "/dev/pts/14");
}

TEST(BochsLog, TellsThatTheGuestShutItDown) {
    EXPECT_TRUE(
        was_shut_down("00001234567p[UNMAP ] >>PANIC<< Shutdown port: shutdown requested\n"));
    EXPECT_FALSE(was_shut_down("00000000000i[      ] Shutdown port\n"));
    EXPECT_FALSE(was_shut_down(""));
}

TEST(GrubQuoting, IsLiteral) {
    EXPECT_EQ(quote_for_grub("a b"), "'a b'");
    EXPECT_EQ(quote_for_grub("$x \"y\" \\"), "'$x \"y\" \\'");
    EXPECT_EQ(quote_for_grub("it's"), "'it'\\''s'");
    EXPECT_EQ(quote_for_grub(""), "''");
    EXPECT_THROW(quote_for_grub("a\nboot"), Failure);
}

TEST(GrubConfig, NamesProfileInterfaceAndArguments) {
    const std::string config = grub_config({.profile = abi::Profile::modern,
                                            .interface = abi::Interface::eager,
                                            .shadow_kibibytes = std::nullopt},
                                           {"workload=full", "x y"}, {});
    EXPECT_THAT(config, HasSubstr("multiboot2 /boot/lazyhv.elf profile=modern interface=eager;"));
    EXPECT_THAT(config, HasSubstr("module2 /boot/vmi.rom rom;"));
    EXPECT_THAT(config, HasSubstr("module2 /boot/guest.elf guest 'workload=full' 'x y';"));
}

TEST(GrubConfig, HasAModuleMoreForLinux) {
    const MonitorOptions monitor{.profile = abi::Profile::classic,
                                 .interface = abi::Interface::native,
                                 .shadow_kibibytes = std::nullopt,
                                 .protects_descriptors = false};
    const std::string config =
        grub_config(monitor, {"quiet", "run=fork"}, {.is_linux = true, .has_module = true});
    EXPECT_THAT(config, HasSubstr("lazyhv.elf profile=classic interface=native protect=0;"));
    EXPECT_THAT(config, HasSubstr("if module2 /boot/vmlinuz guest 'quiet' 'run=fork'; then\n"
                                  "if module2 /boot/initrd initrd; then\n"));
    EXPECT_THAT(config, HasSubstr("\nfi; fi; fi; fi\n"));
    EXPECT_THAT(grub_config(monitor, {}, {}), Not(HasSubstr("initrd")));
}

TEST(MonitorCommandLine, SaysWhoOwnsDescriptorsOnlyWhenGiven) {
    MonitorOptions options{.profile = abi::Profile::hardened,
                           .interface = abi::Interface::native,
                           .shadow_kibibytes = std::nullopt,
                           .protects_descriptors = true};
    EXPECT_EQ(monitor_command_line(options), "profile=hardened interface=native protect=1");
    options.protects_descriptors = false;
    EXPECT_EQ(monitor_command_line(options), "profile=hardened interface=native protect=0");
    options.protects_descriptors = std::nullopt;
    EXPECT_EQ(monitor_command_line(options), "profile=hardened interface=native");
}

TEST(MonitorCommandLine, SaysThatTheMonitorTraces) {
    const MonitorOptions options{.profile = abi::Profile::modern,
                                 .interface = abi::Interface::lazy,
                                 .shadow_kibibytes = std::nullopt,
                                 .traces = true};
    EXPECT_EQ(monitor_command_line(options), "profile=modern interface=lazy trace=1");
}

TEST(MonitorCommandLine, HasTheShadowMemoryOnlyWhenGiven) {
    MonitorOptions options{.profile = abi::Profile::classic,
                           .interface = abi::Interface::lazy,
                           .shadow_kibibytes = std::nullopt};
    EXPECT_EQ(monitor_command_line(options), "profile=classic interface=lazy");
    options.shadow_kibibytes = 2048;
    EXPECT_EQ(monitor_command_line(options), "profile=classic interface=lazy shadow=2048");
}

TEST(TextThatGrows, KeepsItsEnd) {
    std::string text;
    for (int count = 0; count < 1000; ++count)
        add_to_end(text, "0123456789", 100);
    EXPECT_LE(text.size(), 210U);
    EXPECT_TRUE(text.ends_with("0123456789"));
    add_to_end(text, "x", 100);
    EXPECT_GE(text.size(), 100U);
}

TEST(LastLines, SkipEmptyOnes) {
    EXPECT_EQ(last_lines("a\nb\n\nc\n", 2), "b\nc");
    EXPECT_EQ(last_lines("a", 5), "a");
    EXPECT_EQ(last_lines("", 5), "");
}

} // namespace
} // namespace tool
