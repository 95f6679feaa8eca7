// Stores to the local APIC's registers in memory while they exit, since a vCPU waits for its SIPI.

#include "hypervisor/address_space/requests.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/msr.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace hv::test {
namespace {

constexpr std::uint64_t window = 0xFFFFC00000000000; ///< linear, of the local APIC's page
constexpr std::uint64_t code_page = 0x400000;
constexpr std::uint32_t spurious = 0xF0; ///< the spurious-interrupt vector register
constexpr std::uint32_t command_low = 0x300;
constexpr std::uint32_t command_high = 0x310;
constexpr std::uint32_t startup = 6 << 8 | 1 << 14;

class ApicStore : public ::testing::TestWithParam<abi::Profile> {
  protected:
    KernelMachine machine{GetParam(), 256, 2};
    Vcpu& vcpu = machine.vcpu(0);

    ApicStore() {
        machine.msrs[number(Msr::ia32_apic_base)] = 0xFEE00900; // xAPIC mode
        machine.on(1, [&] {
            wait_for_start(machine.vcpu());
            settle(machine.vcpu());
            machine.enter(1);
        });
        // Commands are carried out with the page tables locked.
        machine.kicks_end_late = true;
        machine.map(machine.root, window, local_apic_base, paging::present | paging::writable);
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.fields[Field::guest_ss_access_rights] = 0xC093;
    }

    bool is_classic() const { return GetParam() == abi::Profile::classic; }
    void exit(abi::ExitReason reason) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        handle_vm_exit(vcpu.registers);
    }
    void exception(std::uint32_t information, std::uint64_t qualification,
                   std::uint32_t error_code = 0) {
        machine.fields[Field::vm_exit_interruption_information] = information;
        machine.fields[Field::exit_qualification] = qualification;
        machine.fields[Field::vm_exit_interruption_error_code] = error_code;
        exit(abi::ExitReason::exception_nmi);
    }
    /// The VM exit of a store to the register at `offset`.
    void store(const std::vector<std::uint8_t>& code, std::uint32_t offset) {
        std::memcpy(direct_pointer(code_page), code.data(), code.size());
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        vcpu.registers.rdi = window + offset;
        if (is_classic())
            return exception(0x80000B0E, window + offset, fault_code::write);
        machine.fields[Field::guest_physical_address] = local_apic_base + offset;
        machine.fields[Field::exit_qualification] = 0x182; // write, linear address valid
        exit(abi::ExitReason::ept_violation);
    }
    /// A word of what a stepped instruction writes.
    std::uint32_t& stepped(std::uint32_t offset) {
        return *reinterpret_cast<std::uint32_t*>(
            direct_pointer(machine.stepped_place(local_apic_base + offset)));
    }
    /// The #DB of the step.
    void end_step() { exception(0x80000301, 1 << 14); }
    std::uint64_t done() { return machine.fields[Field::guest_rip] & 0xFF; }
    bool faulted() {
        return (machine.fields[Field::vm_entry_interruption_information] & 0x800000FF) ==
               0x8000000D;
    }
};

TEST_P(ApicStore, ReadsAndChangesTheRegister) {
    struct Row {
        std::vector<std::uint8_t> code;
        std::uint32_t after; ///< from 0x1FF, with EAX 0x12F
    };
    const Row rows[]{
        {{0x81, 0x0F, 0x00, 0x0C, 0x00, 0x00}, 0xDFF}, // orl $0xC00,(%rdi)
        {{0x83, 0x27, 0x0F}, 0x00F},                   // andl $0xF,(%rdi)
        {{0x83, 0x37, 0x01}, 0x1FE},                   // xorl $1,(%rdi)
        {{0x01, 0x07}, 0x32E},                         // addl %eax,(%rdi)
        {{0x87, 0x07}, 0x12F},                         // xchgl %eax,(%rdi)
        {{0x0F, 0xBA, 0x2F, 0x09}, 0x3FF},             // btsl $9,(%rdi)
        {{0x0F, 0xBA, 0x37, 0x08}, 0x0FF},             // btrl $8,(%rdi)
        {{0xFF, 0x07}, 0x200},                         // incl (%rdi)
        {{0xF0, 0x0F, 0xC1, 0x07}, 0x32E},             // lock xaddl %eax,(%rdi)
        {{0xF0, 0x0F, 0xB1, 0x0F}, 0x1FF},             // lock cmpxchgl %ecx,(%rdi)
        {{0x0F, 0xC3, 0x07}, 0x12F},                   // movntil %eax,(%rdi)
        {{0xAB}, 0x12F},                               // stosl
        {{0x89, 0x27}, 0x7000},                        // movl %esp,(%rdi)
    };
    for (const Row& row : rows) {
        SCOPED_TRACE(&row - rows);
        machine.xapic[spurious] = 0x1FF;
        vcpu.registers.rax = 0x12F;
        machine.fields[Field::guest_rsp] = 0x7000;
        store(row.code, spurious);
        EXPECT_EQ(machine.xapic[spurious], row.after);
        EXPECT_EQ(done(), row.code.size());
        EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
    }
    EXPECT_EQ(vcpu.registers.rdi, window + spurious);
}

TEST_P(ApicStore, GivesTheRegistersAndFlagsOfTheInstruction) {
    machine.xapic[spurious] = 0x1FF;
    vcpu.registers.rax = 0x12F;
    store({0x87, 0x07}, spurious); // xchgl %eax,(%rdi)
    EXPECT_EQ(vcpu.registers.rax, 0x1FFU);
    machine.fields[Field::guest_rflags] = 2;
    store({0x0F, 0xBA, 0x2F, 0x08}, spurious); // btsl $8,(%rdi)
    EXPECT_EQ(machine.fields[Field::guest_rflags] & 1, 1U);
    store({0xAB}, spurious); // stosl
    EXPECT_EQ(vcpu.registers.rdi, window + spurious + 4);
}

TEST_P(ApicStore, StartsAProcessorByAnyInstruction) {
    machine.xapic[command_high] = 1 << 24;
    machine.xapic[command_low] = startup;
    store({0x83, 0x0F, 0x08}, command_low); // orl $8,(%rdi)
    EXPECT_NE(machine.vcpu(1).requests & request::start, 0U);
    EXPECT_EQ(machine.vcpu(1).startup_page, 8U);
    EXPECT_EQ(machine.xapic[command_low], startup); // the monitor sends it itself
}

TEST_P(ApicStore, OtherInstructionsRunOnACopyOfTheRegisters) {
    machine.xapic[spurious] = 0x1FF;
    store({0xA5}, spurious); // movsl
    ASSERT_TRUE(vcpu.single_step.active);
    EXPECT_EQ(stepped(spurious), 0x1FFU);
    stepped(spurious) = 0x12F;
    end_step();
    EXPECT_EQ(machine.xapic[spurious], 0x12FU);
    EXPECT_FALSE(vcpu.single_step.active);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

// A write of the value that is there sends the command again.
TEST_P(ApicStore, WritesWhatASteppedInstructionHasStoredThoughItIsTheSame) {
    machine.xapic[command_high] = 1 << 24;
    machine.xapic[command_low] = startup | 8;
    store({0xA5}, command_low);
    end_step();
    EXPECT_NE(machine.vcpu(1).requests & request::start, 0U);
}

TEST_P(ApicStore, IsNotMadeByAStepThatDoesNotComplete) {
    machine.xapic[command_high] = 1 << 24;
    machine.xapic[command_low] = startup | 8;
    store({0xA5}, command_low);
    vcpu.nmi.kick_in_flight = 1;
    exception(0x80000202, 0); // NMI
    EXPECT_FALSE(vcpu.single_step.active);
    EXPECT_EQ(machine.vcpu(1).requests & request::start, 0U);
}

TEST_P(ApicStore, OfAnotherSizeOrPlaceIsRefused) {
    store({0x88, 0x07}, spurious); // movb %al,(%rdi)
    EXPECT_TRUE(faulted());
    store({0x48, 0x89, 0x07}, spurious); // movq %rax,(%rdi)
    EXPECT_TRUE(faulted());
    store({0x89, 0x07}, spurious + 1);
    EXPECT_TRUE(faulted());
    store({0x0F, 0x11, 0x07}, spurious); // movups %xmm0,(%rdi)
    stepped(spurious) = 0x12F;
    stepped(spurious + 4) = 1;
    end_step();
    EXPECT_TRUE(faulted());
    EXPECT_EQ(machine.xapic[spurious], 0U);
}

TEST_P(ApicStore, MeetsTheGuestsBreakpoint) {
    machine.breakpoints[0] = window + spurious;
    machine.fields[Field::guest_dr7] = 1 | 1 << 16 | 3 << 18; // of 4 bytes, writes
    store({0x89, 0x07}, spurious);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions] & 0xF, 1U);
}

TEST_P(ApicStore, ByTheDeliveryOfAnEventEndsTheRun) {
    machine.fields[Field::idt_vectoring_information] = 0x80000020;
    EXPECT_THROW(store({0x89, 0x07}, spurious), RunEnded);
    EXPECT_EQ(machine.xapic[spurious], 0U);
}

INSTANTIATE_TEST_SUITE_P(Everywhere, ApicStore,
                         testing::Values(abi::Profile::classic, abi::Profile::hardened),
                         [](const auto& row) { return std::string(abi::name(row.param)); });

} // namespace
} // namespace hv::test
