// A drain that takes long stops between two entries and continues in a later VM exit. Wherever it
// stops, each entry is executed once, in order, and what follows the batch still follows it.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vmx/interruption_information.h"
#include "shared/call_number.h"
#include "shared/page_table_calls.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/time_stamp.h"

#include <gtest/gtest.h>

#include <cstring>

namespace hv::test {
namespace {

using abi::Call;
using abi::Error;
using abi::ExitReason;

constexpr std::uint64_t vmcall_rip = 0x1000;
constexpr std::uint64_t tls = 0x00CFF3000000FFFF; // accessed, ring 3, data
constexpr std::uint32_t long_calls = 8;

class DrainPause : public ::testing::TestWithParam<abi::Profile> {
  protected:
    KernelMachine machine{GetParam(), GetParam() == abi::Profile::classic ? 256U : 0U};
    Vcpu& vcpu = machine.vcpu();
    abi::RingHeader& ring = machine.area().control.ring;
    std::uint64_t table = machine.take_guest_page() / page_size;

    DrainPause() { stand_still(); }
    ~DrainPause() override { stand_still(); }

    static void stand_still() {
        time_stamp = 0;
        ticks_a_reading = 0;
    }
    /// So many calls that take long are begun in one VM exit; a call that asks whether it may is
    /// one reading of the TSC.
    static void allow_a_exit(std::uint64_t calls) { ticks_a_reading = pause_ticks / calls; }

    void publish(Call call, std::uint64_t first = 0, std::uint64_t second = 0,
                 std::uint64_t third = 0) {
        machine.area().entry[ring.tail % abi::ring_capacity] = {
            static_cast<std::uint16_t>(call), 0, 0, {first, second, third}};
        ++ring.tail;
    }
    void write_slot(std::uint64_t base) {
        publish(Call::write_gdt_entry, machine.gdt, 6, tls | base << 16);
    }
    void publish_long_call(std::uint32_t number) {
        if (number % 2 == 0)
            publish(Call::allocate_page, table, 0,
                    abi::AllocateOptions::make(abi::page_flags::pt, 0, 0).encode());
        else
            publish(Call::release_page, table, abi::page_flags::pt);
    }
    /// Each call that takes long undoes the one before it, and others come between.
    void publish_batch() {
        for (std::uint32_t number = 0; number < long_calls; ++number) {
            write_slot(2 * number);
            publish_long_call(number);
            write_slot(2 * number + 1);
        }
    }
    static constexpr std::uint32_t batch = 3 * long_calls;

    void exit(ExitReason reason) {
        vcpu.exit_time = time_stamp;
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        handle_vm_exit(vcpu.registers);
    }
    void vmcall(Call call) {
        machine.fields[Field::guest_rip] = vmcall_rip;
        vcpu.registers.rax = static_cast<std::uint64_t>(call);
        exit(ExitReason::vmcall);
    }
    bool at_the_instruction() { return machine.fields[Field::guest_rip] == vmcall_rip; }
    std::uint64_t executed(Call call) const {
        return vcpu.statistics.entry[static_cast<std::size_t>(call)];
    }
};

TEST_P(DrainPause, StopsAtEveryIndexAndExecutesEachEntryOnce) {
    for (std::uint64_t calls = 1; calls <= long_calls; ++calls) {
        const std::uint64_t drained = vcpu.statistics.drained;
        const std::uint64_t written = executed(Call::write_gdt_entry);
        publish_batch();
        allow_a_exit(calls);
        std::uint32_t exits = 0;
        do {
            const std::uint32_t before = ring.head;
            vmcall(Call::flush);
            ++exits;
            EXPECT_NE(ring.head, before) << "an exit without progress";
            EXPECT_EQ(ring.head, vcpu.ring_head);
            // All but the last exit send the guest back, and say so to nobody.
            EXPECT_EQ(at_the_instruction(), ring.head != ring.tail);
            EXPECT_EQ(ring.pending_error, 0U);
            ASSERT_LE(exits, long_calls);
        } while (at_the_instruction());
        stand_still();
        EXPECT_EQ(exits, (long_calls + calls - 1) / calls);
        EXPECT_EQ(vcpu.registers.rax, 0U);
        EXPECT_EQ(vcpu.statistics.drained - drained, batch);
        EXPECT_EQ(executed(Call::write_gdt_entry) - written, 2 * long_calls);
        // In order: of two writes of a slot the later one wins, the last long call releases.
        EXPECT_EQ(machine.gdt_slot(6), tls | (2 * long_calls - 1) << 16);
        EXPECT_EQ(machine.machine().frames.find(table)->level, 0);
        EXPECT_EQ(vcpu.statistics.refused, 0U);
    }
}

TEST_P(DrainPause, WhatFollowsARefusedEntryIsDiscardedAlthoughTheBatchHadStopped) {
    publish_batch();
    publish(Call::set_cr3, ~std::uint64_t{0});
    write_slot(0x77);
    allow_a_exit(1);
    while (ring.head != ring.tail)
        vmcall(Call::flush);
    EXPECT_FALSE(at_the_instruction());
    EXPECT_EQ(vcpu.registers.rax, static_cast<std::uint64_t>(Error::bad_cr3));
    EXPECT_EQ(ring.refused_index, batch);
    EXPECT_EQ(ring.discarded, 1U);
    EXPECT_EQ(machine.gdt_slot(6), tls | (2 * long_calls - 1) << 16);
}

TEST_P(DrainPause, OtherExitsGoBackToTheirInstructionToo) {
    publish_batch();
    allow_a_exit(1);
    machine.fields[Field::guest_rip] = vmcall_rip;
    machine.fields[Field::vm_exit_instruction_length] = 2;
    for (std::uint32_t n = 1; n < long_calls; ++n) {
        exit(ExitReason::cpuid);
        EXPECT_TRUE(at_the_instruction());
    }
    exit(ExitReason::cpuid);
    EXPECT_EQ(machine.fields[Field::guest_rip], vmcall_rip + 2);
    EXPECT_EQ(ring.head, ring.tail);
}

TEST_P(DrainPause, ACallByItselfWaitsLikeAnEntry) {
    vcpu.registers.rdi = table;
    vcpu.registers.rsi = 0;
    vcpu.registers.rdx = abi::AllocateOptions::make(abi::page_flags::pt, 0, 0).encode();
    publish_long_call(1); // refused: there is no table yet
    ring.tail = ring.head = vcpu.ring_head;
    publish_long_call(0);
    publish_long_call(1);
    allow_a_exit(2);
    vmcall(Call::allocate_page); // both entries, but not the call
    EXPECT_TRUE(at_the_instruction());
    EXPECT_EQ(ring.head, ring.tail);
    EXPECT_EQ(vcpu.registers.rax, static_cast<std::uint64_t>(Call::allocate_page));
    EXPECT_EQ(machine.machine().frames.find(table)->level, 0);
    vmcall(Call::allocate_page);
    EXPECT_FALSE(at_the_instruction());
    EXPECT_EQ(vcpu.registers.rax, 0U);
    EXPECT_EQ(machine.machine().frames.find(table)->level, 1);
    EXPECT_EQ(vcpu.statistics.refused, 0U);
}

// A root that leads to the descriptor tables by a page table of its own, which nobody has looked
// at.
TEST_P(DrainPause, ARootThatMustBeJudgedWaits) {
    const std::uint64_t root = machine.take_guest_page();
    const std::uint64_t pointers = machine.take_guest_page();
    const std::uint64_t entry = FourLevelPaging::index(Machine::linear_base, 4) * 8;
    const std::uint64_t link = machine.word(machine.root + entry);
    std::memcpy(direct_pointer(pointers), direct_pointer(link & paging::address_mask), page_size);
    machine.word(root + entry) = pointers | (link & ~paging::address_mask);
    publish_long_call(0);
    publish(Call::set_cr3, root);
    allow_a_exit(1);
    vmcall(Call::flush);
    EXPECT_EQ(ring.head + 1, ring.tail);
    EXPECT_TRUE(at_the_instruction());
    stand_still();
    vmcall(Call::flush);
    EXPECT_FALSE(at_the_instruction());
    EXPECT_EQ(guest_cr3(vcpu), root);
}

TEST_P(DrainPause, SetTrWaits) {
    publish_long_call(0);
    vcpu.registers.rdi = 0;
    allow_a_exit(1);
    vmcall(Call::set_tr);
    EXPECT_EQ(ring.head, ring.tail);
    EXPECT_TRUE(at_the_instruction());
    stand_still();
    vmcall(Call::set_tr);
    EXPECT_FALSE(at_the_instruction());
    EXPECT_EQ(vcpu.registers.rax, static_cast<std::uint64_t>(Error::bad_selector));
}

TEST_P(DrainPause, AnInterruptedDeliveryIsRepeated) {
    const auto event =
        InterruptionInformation::make(InterruptionType::external_interrupt, 0x30, false);
    publish_batch();
    allow_a_exit(1);
    machine.fields[Field::idt_vectoring_information] = event.raw;
    exit(ExitReason::ept_violation);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], event.raw);
    EXPECT_NE(ring.head, ring.tail);
}

TEST_P(DrainPause, IretFindsNmisBlockedAgain) {
    constexpr std::uint64_t blocking_by_nmi = 8;
    constexpr std::uint64_t unblocked = 1 << 12;
    publish_batch();
    allow_a_exit(1);
    machine.fields[Field::exit_qualification] = unblocked;
    exit(ExitReason::ept_violation);
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], blocking_by_nmi);
}

// What does not come again is handled at once, and the rest of the batch in the next exit.
TEST_P(DrainPause, AnNmiIsHandledAtOnce) {
    const auto nmi = InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false);
    publish_batch();
    allow_a_exit(1);
    machine.fields[Field::vm_exit_interruption_information] = nmi.raw;
    exit(ExitReason::exception_nmi);
    EXPECT_NE(ring.head, ring.tail);
    stand_still();
    vmcall(Call::empty);
    EXPECT_FALSE(at_the_instruction());
    EXPECT_EQ(ring.head, ring.tail);
    EXPECT_EQ(vcpu.statistics.drained, batch);
}

INSTANTIATE_TEST_SUITE_P(Profiles, DrainPause,
                         ::testing::Values(abi::Profile::hardened, abi::Profile::classic),
                         [](const auto& each) { return std::string(abi::name(each.param)); });

} // namespace
} // namespace hv::test
