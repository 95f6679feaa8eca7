#pragma once
// A processor that starts in the fake machine, and code for it, assembled with the tests.

#include "hypervisor/instructions/interpreter/startup.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <span>
#include <string>

/// Code for the start-up processor, which sees it at 0x8000: AT(name, label) is an address
/// there. It begins in 16-bit mode. Use outside of functions.
#define STARTUP_CODE(name, text)                                                                   \
    extern "C" const std::uint8_t name##_begin[], name##_end[];                                    \
    asm(".pushsection .rodata\n" #name "_begin:\n"                                                 \
        ".code16\n" text "\n" #name "_end:\n"                                                      \
        ".code64\n"                                                                                \
        ".popsection\n");                                                                          \
    [[maybe_unused]] const std::span<const std::uint8_t> name {                                    \
        name##_begin, static_cast<std::size_t>(name##_end - name##_begin)                          \
    }
#define AT(name, label) "(" label " - " #name "_begin + 0x8000)"

namespace hv::test {

class StartupCase : public ::testing::Test {
  protected:
    static constexpr std::uint8_t vector = 0x08;
    static constexpr std::uint64_t code_base = 0x8000;
    static constexpr std::uint8_t hlt = 0xF4; ///< ends a test's code: start-up code does not halt

    Machine machine;
    StartupState state = after_sipi(vector);
    StartupEnd end;
    StartupBudget budget{.instructions = 10'000, .elements = 100'000};

    StartupEnvironment environment() {
        return {.memory = machine.machine().memory,
                .vcpu = machine.vcpu(),
                .cpuid = cpuid,
                .read_msr = read_msr,
                .write_msr = write_msr,
                .read_port = read_port,
                .write_port = write_port,
                .may_write = may_write};
    }

    void put(std::uint64_t physical, std::span<const std::uint8_t> bytes) {
        std::memcpy(direct_pointer(physical), bytes.data(), bytes.size());
    }

    /// Puts the code at the vector and runs it.
    StartupEnd start(std::span<const std::uint8_t> code) {
        put(code_base, code);
        return end = run_startup(state, environment(), budget);
    }

    /// start(), up to the HLT that is to be met.
    void run(std::span<const std::uint8_t> code) {
        start(code);
        EXPECT_EQ(end.error, abi::Error::bad_start);
        EXPECT_EQ(end.code[0], hlt) << end.reason << " at " << std::hex << end.address;
    }

    /// start(), refused with a reason that has these words in it.
    void expect_refused(std::span<const std::uint8_t> code, const std::string& words) {
        start(code);
        EXPECT_EQ(end.error, abi::Error::bad_start);
        ASSERT_NE(end.reason, nullptr);
        EXPECT_NE(std::string{end.reason}.find(words), std::string::npos) << end.reason;
    }

    std::uint16_t& word16(std::uint64_t physical) {
        return *reinterpret_cast<std::uint16_t*>(direct_pointer(physical));
    }
    std::uint32_t& word32(std::uint64_t physical) {
        return *reinterpret_cast<std::uint32_t*>(direct_pointer(physical));
    }
    const Segment& segment(SegmentNumber number) { return state.segment(number); }
    std::uint32_t eax() const { return static_cast<std::uint32_t>(state.general.rax); }
    std::uint32_t ebx() const { return static_cast<std::uint32_t>(state.general.rbx); }
    std::uint32_t ecx() const { return static_cast<std::uint32_t>(state.general.rcx); }
    std::uint32_t edx() const { return static_cast<std::uint32_t>(state.general.rdx); }

  private:
    static cpu::CpuidResult cpuid(Vcpu&, const StartupState&, std::uint32_t leaf,
                                  std::uint32_t subleaf) {
        return {leaf + 0x10, 0xB, subleaf, 0xD};
    }
    static std::optional<std::uint64_t> read_msr(Vcpu&, std::uint32_t msr) {
        const auto& msrs = Machine::current().msrs;
        const auto found = msrs.find(msr);
        return found == msrs.end() ? std::nullopt : std::optional{found->second};
    }
    static bool write_msr(Vcpu&, std::uint32_t msr, std::uint64_t value) {
        const auto found = Machine::current().msrs.find(msr);
        if (found == Machine::current().msrs.end())
            return false;
        found->second = value;
        return true;
    }
    /// The number of the port, over and over.
    static std::uint32_t read_port(Vcpu&, std::uint16_t port, std::uint32_t size) {
        const std::uint32_t value = port | std::uint32_t{port} << 16;
        return size == 4 ? value : value & ((1U << size * 8) - 1);
    }
    static void write_port(Vcpu&, std::uint16_t port, std::uint32_t size, std::uint32_t value) {
        EXPECT_EQ(size == 4 ? 0 : value >> size * 8, 0U);
        Machine::current().port_writes.emplace_back(port, value);
    }
    static bool may_write(Vcpu& vcpu, std::uint64_t gpa, std::uint32_t size) {
        EXPECT_EQ(gpa / page_size, (gpa + size - 1) / page_size);
        const Frame* frame = vcpu.machine->frames.of_address(gpa);
        return frame != nullptr && frame->write_locks == 0;
    }
};

} // namespace hv::test
