// Guests and machines that cannot run: each with its own message and a non-zero status, from a real
// boot. (What the command itself refuses: wrong_arguments_test.cpp.)

#include "shared/console.h"
#include "tests/system/boot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <elf.h>
#include <fstream>
#include <iterator>

namespace test {
namespace {

using testing::HasSubstr;

class BadGuest : public testing::Test {
  protected:
    Command holder{{"true"}};
    std::vector<char> image;

    void SetUp() override {
        holder.wait();
        std::ifstream stream(guest_image(), std::ios::binary);
        image.assign(std::istreambuf_iterator<char>(stream), {});
        ASSERT_GT(image.size(), sizeof(Elf64_Ehdr));
    }
    Elf64_Ehdr& header() { return *reinterpret_cast<Elf64_Ehdr*>(image.data()); }
    Elf64_Phdr& first_load() {
        auto* segment = reinterpret_cast<Elf64_Phdr*>(image.data() + header().e_phoff);
        while (segment->p_type != PT_LOAD)
            ++segment;
        return *segment;
    }
    void refused(const std::string& why, const std::string& memory = "256M") {
        const std::string file = holder.folder() / "guest.elf";
        std::ofstream(file, std::ios::binary).write(image.data(), std::ssize(image));
        const Outcome outcome =
            lazyhv({"run", "--machine", "bochs", "--memory", memory, file, "--", "hello"});
        EXPECT_NE(outcome.status, 0);
        EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: guest: "));
        EXPECT_THAT(outcome.error, HasSubstr(why));
    }
};

TEST_F(BadGuest, NoElf) {
    std::memcpy(image.data(), "#!/bin/sh\n", 10);
    refused("neither an ELF file, nor a Linux bzImage");
}

TEST_F(BadGuest, WrongByteOrder) {
    header().e_ident[EI_DATA] = ELFDATA2MSB;
    refused("an ELF file whose bytes are in big-endian order");
}

TEST_F(BadGuest, WrongMachine) {
    header().e_machine = EM_AARCH64;
    refused("another machine than x86");
}

TEST_F(BadGuest, Truncated) {
    image.resize(first_load().p_offset + 16);
    refused("truncated");
}

TEST_F(BadGuest, TooBigForMemory) {
    first_load().p_memsz = std::uint64_t{200} << 20;
    refused("too big", "128M");
}

TEST_F(BadGuest, OverlapsTheRom) {
    first_load().p_paddr = 0xC8000;
    refused("overlaps the ROM window");
}

TEST_F(BadGuest, OverlapsTheMonitor) {
    // 256 MiB: the monitor takes the highest 8 MiB that begin at a multiple of 2 MiB.
    first_load().p_paddr = 0xF800000;
    refused("overlaps the monitor");
}

void machine_refused(const std::vector<std::string>& options, const std::string& why) {
    std::vector<std::string> arguments{"run", "--machine", "bochs"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {guest_image(), "--", "hello"});
    const Outcome outcome = lazyhv(arguments);
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
    EXPECT_THAT(outcome.error, HasSubstr(why));
}

TEST(BadMachine, NoEpt) {
    machine_refused({"--cpu", model_without_ept},
                    "profile hardened needs EPT, which this CPU does not have");
    machine_refused({"--cpu", model_without_ept, "--profile", "modern"},
                    "profile modern needs EPT, which this CPU does not have");
}

TEST(BadMachine, NoVtx) {
    machine_refused({"--cpu", "athlon64_clawhammer"}, "this CPU has no VT-x");
}

TEST(BadMachine, No64BitMode) {
    machine_refused({"--cpu", "p4_willamette"}, "this CPU has no 64-bit mode");
}

TEST(GuestFailure, TripleFaultIsDiagnosed) {
    const Outcome outcome = run_guest("hardened", "lazy", {"crash=triple-fault"});
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.error, HasSubstr("the guest triple-faulted"));
    EXPECT_THAT(outcome.output, HasSubstr("guest RIP 0x"));
    EXPECT_THAT(outcome.output, HasSubstr("TRIPLE_FAULT 1"));
}

TEST(GuestFailure, AHangHitsTheTimeLimit) {
    const Outcome outcome =
        run_guest("hardened", "lazy", {"crash=hang"}, "guest", {"--time-limit", "10"});
    EXPECT_NE(outcome.status, 0);
    EXPECT_THAT(outcome.error, HasSubstr("time limit"));
}

class GuestFailureOn : public testing::TestWithParam<std::string> {};

TEST_P(GuestFailureOn, ASilentEndHasAStatusOfItsOwn) {
    const Outcome outcome = run_guest(GetParam(), "native", {"crash=shutdown"});
    EXPECT_EQ(outcome.status, abi::shutdown_status) << outcome.error;
    EXPECT_THAT(outcome.output, HasSubstr("guest: still there\n"));
    EXPECT_THAT(outcome.output, HasSubstr(std::string(abi::shutdown_text)));
}

INSTANTIATE_TEST_SUITE_P(Everywhere, GuestFailureOn, testing::Values("bare", "hardened"),
                         [](const auto& row) { return row.param; });

} // namespace
} // namespace test
