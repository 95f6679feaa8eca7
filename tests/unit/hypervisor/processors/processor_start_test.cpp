// How vCPUs start and are reset: orders, INIT and SIPI, and what is refused.

#include "hypervisor/address_space/requests.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/processors/start_vcpu.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::Error;

constexpr std::uint64_t init_command = 5 << 8 | 1 << 14;
constexpr std::uint64_t startup_command = 6 << 8 | 1 << 14;

class Start : public ::testing::TestWithParam<abi::Profile> {
  protected:
    KernelMachine machine{GetParam(), 256, 3};
    Vcpu& vcpu = machine.vcpu(0);
    Vcpu& started = machine.vcpu(1);
    const abi::InitialState good = make_state();

    Start() {
        machine.msrs[number(Msr::ia32_apic_base)] = 0xFEE00D00; // x2APIC mode
        wait(1);
    }

    void wait(std::uint32_t number) {
        machine.on(number, [&] {
            wait_for_start(machine.vcpu());
            settle(machine.vcpu());
            machine.enter(number);
        });
    }
    abi::InitialState make_state() {
        abi::InitialState state{};
        state.cr0 = 0x80050033;
        state.cr3 = machine.root;
        state.cr4 = cr4::physical_address_extension;
        state.efer = efer::long_mode_enable | efer::long_mode_active;
        state.rip = Machine::linear_base + 0x5000;
        state.rflags = 2;
        state.general[4] = 0x1234; // RSP
        state.general[7] = 0x5678; // RDI
        state.gdt_base = machine.vcpu(1).tables.gdt().base();
        state.gdt_limit = 127;
        state.cs = KernelMachine::code;
        state.ss = KernelMachine::data;
        return state;
    }
    void command(std::uint64_t low, std::uint64_t apic_id) {
        EXPECT_TRUE(write_x2apic_command(vcpu, apic_id << 32 | low));
    }
    std::uint64_t field(Field field, std::uint32_t number = 1) {
        std::uint64_t value = 0;
        machine.on(number, [&] { value = machine.fields[field]; });
        return value;
    }
    bool waits() { return started.waits_for_start != 0; }
    Error order(const abi::InitialState& state) { return order_start(vcpu, 1, state); }
    bool says(const char* what) { return machine.console.find(what) != std::string::npos; }
};

TEST_P(Start, ReservedBitsOfACommandAreRefused) {
    const std::size_t sent = machine.ipis.size();
    for (const std::uint32_t bit : {12U, 13U, 16U, 17U, 20U, 31U})
        EXPECT_FALSE(write_x2apic_command(vcpu, std::uint64_t{1} << bit | 0x4031)) << bit;
    machine.msrs[number(Msr::ia32_apic_base)] = 0xFEE00900; // xAPIC mode has no such MSR
    EXPECT_FALSE(write_x2apic_command(vcpu, 0x4031));
    EXPECT_EQ(machine.ipis.size(), sent);
}

// Each register may hold its value; VM entry refuses them together.
TEST_P(Start, AStateThatVmEntryWouldRefuseIsRefused) {
    abi::InitialState state = good;
    state.ds = KernelMachine::data | 3; // the descriptor's DPL is 0
    ASSERT_EQ(order(state), Error::none);
    command(init_command, 1);
    command(startup_command | 8, 1);
    machine.enter(1);
    EXPECT_TRUE(waits());
    EXPECT_NE(machine.console.find("27.3.1.2"), std::string::npos) << machine.console;
}

TEST_P(Start, TakesTheStateThatWasOrdered) {
    ASSERT_EQ(order(good), Error::none);
    command(startup_command | 0x10, 1);
    ASSERT_FALSE(waits()) << machine.console;
    EXPECT_EQ(field(Field::guest_rip), good.rip);
    EXPECT_EQ(field(Field::guest_rsp), 0x1234U);
    EXPECT_EQ(started.registers.rdi, 0x5678U);
    EXPECT_EQ(field(Field::guest_activity_state), 0U);
    EXPECT_EQ(started.roots.current.guest, machine.root);
    EXPECT_EQ(started.tables.gdt().base(), good.gdt_base);
    EXPECT_EQ(started.area->control.cr3, machine.root);
}

TEST_P(Start, WaitsHaltedAndWithNothing) {
    EXPECT_EQ(field(Field::guest_activity_state), 1U);
    EXPECT_EQ(field(Field::guest_rflags), 2U);
    EXPECT_FALSE(started.tables.gdt().is_open());
    EXPECT_EQ(started.roots.current.table, 0U);
    EXPECT_TRUE(machine.machine().commands_exit);
    ASSERT_EQ(order(good), Error::none);
    command(startup_command, 1);
    EXPECT_FALSE(machine.machine().commands_exit); // all run
}

TEST_P(Start, OrdersAreJudgedWhenTheyAreGiven) {
    EXPECT_EQ(order_start(vcpu, 3, good), Error::bad_vcpu);
    EXPECT_EQ(order_start(vcpu, ~0U, good), Error::bad_vcpu);
    EXPECT_EQ(order_start(vcpu, 2, good), Error::vcpu_running);
    EXPECT_EQ(order_start(vcpu, 0, good), Error::vcpu_running);
    abi::InitialState bad = good;
    bad.cr3 = machine.machine().monitor.begin;
    EXPECT_EQ(order(bad), Error::bad_cr3);
    bad.cr3 = ~std::uint64_t{0xFFF};
    EXPECT_EQ(order(bad), Error::bad_cr3);
    bad = good;
    bad.rip = 0x800000000000;
    EXPECT_EQ(order(bad), Error::bad_address);
    bad = good;
    bad.cr0 = 1;
    EXPECT_EQ(order(bad), Error::bad_cr0);
    bad = good;
    bad.cr4 = ~std::uint64_t{0};
    EXPECT_EQ(order(bad), Error::bad_cr4);
    bad = good;
    bad.efer = 0;
    EXPECT_EQ(order(bad), Error::bad_value);
    bad = good;
    bad.rflags = 1 << 17; // VM
    EXPECT_EQ(order(bad), Error::bad_value);
    // None of them was taken.
    command(startup_command, 1);
    EXPECT_TRUE(waits());
}

TEST_P(Start, WhatIsWrongOnlyThenIsRefusedThenAndNamed) {
    abi::InitialState bad = good;
    bad.cs = 0x18;
    ASSERT_EQ(order(bad), Error::none);
    command(startup_command, 1);
    EXPECT_TRUE(waits());
    EXPECT_TRUE(says("refused SIPI")) << machine.console;
    EXPECT_EQ(field(Field::guest_activity_state), 1U);
    EXPECT_FALSE(started.tables.gdt().is_open());
    // And the next order is as good as the first.
    ASSERT_EQ(order(good), Error::none);
    command(startup_command, 1);
    EXPECT_FALSE(waits());
}

TEST_P(Start, CodeThatIsNoneStartsNothing) {
    machine.word(0x10000) = ~std::uint64_t{0};
    command(startup_command | 0x10, 1);
    EXPECT_TRUE(waits());
    EXPECT_TRUE(says("vCPU 1 does not start at 0x10000")) << machine.console;
    command(startup_command | 0xA0, 1); // no RAM there
    EXPECT_TRUE(waits());
}

TEST_P(Start, CodeThatNeverEndsStartsNothing) {
    machine.word(0x10000) = 0xFEEB; // jmp .
    command(startup_command | 0x10, 1);
    EXPECT_TRUE(waits());
    EXPECT_TRUE(says("too many instructions")) << machine.console;
}

TEST_P(Start, AVcpuThatRunsTakesNoSipi) {
    const std::uint64_t exits = machine.vcpu(2).statistics.exits;
    command(startup_command, 2);
    EXPECT_EQ(machine.vcpu(2).requests, 0U);
    EXPECT_EQ(machine.vcpu(2).statistics.exits, exits);
}

TEST_P(Start, InitThenSipiStartsAnewThoughSeenTogether) {
    ASSERT_EQ(order(good), Error::none);
    command(startup_command, 1);
    ASSERT_FALSE(waits());
    started.in_guest = 0; // in the monitor
    command(init_command, 1);
    command(startup_command | 0x10, 1);
    machine.word(0x10000) = ~std::uint64_t{0};
    machine.enter(1);
    EXPECT_TRUE(waits());
    EXPECT_TRUE(says("vCPU 1 does not start at 0x10000")); // both were carried out
}

TEST_P(Start, SipiThenInitWaits) {
    ASSERT_EQ(order(good), Error::none);
    started.in_guest = 0;
    command(startup_command, 1);
    command(init_command, 1);
    machine.enter(1);
    EXPECT_TRUE(waits());
}

TEST_P(Start, InitWithADeassertedLevelIsNone) {
    command(5 << 8 | 1 << 15, 2);
    EXPECT_EQ(machine.vcpu(2).waits_for_start, 0U);
}

TEST_P(Start, InitOfTheBootProcessorEndsTheRun) {
    post_reset(machine.vcpu(2), vcpu);
    EXPECT_THROW(machine.enter(0), RunEnded);
}

TEST_P(Start, ShorthandsReachWhomTheySay) {
    constexpr std::uint64_t to_others = 3 << 18;
    command(init_command | to_others, 0);
    EXPECT_EQ(machine.vcpu(2).waits_for_start, 1U);
    EXPECT_EQ(vcpu.requests & (request::start | request::reset), 0U);
    constexpr std::uint64_t logical = 1 << 11;
    ASSERT_EQ(order(good), Error::none);
    command(startup_command | logical, 1);
    EXPECT_TRUE(waits());
    command(startup_command, 0xFFFFFFFF);
    EXPECT_FALSE(waits());
}

TEST_P(Start, OtherCommandsGoToTheApic) {
    constexpr std::uint64_t fixed = 0x41;
    machine.ipis.clear();
    command(fixed, 2);
    ASSERT_EQ(machine.ipis.size(), 1U);
    EXPECT_EQ(machine.ipis.back().first, 2U);
    EXPECT_EQ(machine.ipis.back().second, fixed);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Start,
                         ::testing::Values(abi::Profile::hardened, abi::Profile::classic));

} // namespace
} // namespace hv::test
