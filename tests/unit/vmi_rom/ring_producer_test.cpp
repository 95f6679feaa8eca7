// The ROM's producer side: what is queued, what is executed when, which errors come back.
// interrupted_producer_test.cpp has the interrupts.

#include "tests/unit/fake/rom_machine.h"
#include "vmi_rom/entries.h"

#include <gtest/gtest.h>

namespace {

using abi::Call;
using abi::Error;
using test::Executed;
using test::RomMachine;

constexpr std::uint32_t no_mode = 0;
constexpr std::uint32_t mmu_mode = 1;
constexpr std::uint32_t cpu_mode = 2;

std::uint64_t value(Error error) { return static_cast<std::uint16_t>(error); }

Executed write_gdt(std::uint64_t n) { return {Call::write_gdt_entry, {n, n + 1, n + 2}}; }

void queue_gdt(std::uint64_t n) { rom::write_gdt_entry(n, n + 1, n + 2); }

TEST(RingProducer, QueuesInALazyModeAndLeavingFlushesInOrder) {
    RomMachine machine;
    EXPECT_EQ(rom::set_lazy_mode(cpu_mode), 0);
    EXPECT_EQ(rom::set_cr3(0x1000), 0);
    EXPECT_EQ(rom::update_kernel_stack(0x2000, 0x3000), 0);
    EXPECT_EQ(rom::write_gdt_entry(1, 2, 3), 0);
    EXPECT_EQ(rom::write_ldt_entry(4, 5, 6), 0);
    EXPECT_EQ(rom::write_idt_entry(7, 8, 9), 0);
    EXPECT_EQ(rom::write_tss_word(10, 11, 12), 0);
    EXPECT_EQ(rom::set_ldt(13), 0);
    EXPECT_EQ(rom::set_cr0(14), 0);
    EXPECT_EQ(rom::clts(), 0);
    EXPECT_TRUE(machine.hypercalls.empty());
    EXPECT_EQ(machine.queued(), 9);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    const std::vector<Executed> expected{
        {Call::set_cr3, {0x1000, 0, 0}},
        {Call::update_kernel_stack, {0x2000, 0x3000, 0}},
        {Call::write_gdt_entry, {1, 2, 3}},
        {Call::write_ldt_entry, {4, 5, 6}},
        {Call::write_idt_entry, {7, 8, 9}},
        {Call::write_tss_word, {10, 11, 12}},
        {Call::set_ldt, {13, 0, 0}},
        {Call::set_cr0, {14, 0, 0}},
        {Call::clts, {0, 0, 0}},
    };
    EXPECT_EQ(machine.executed, expected);
    EXPECT_EQ(machine.hypercalls, std::vector<Call>{Call::flush});
}

TEST(RingProducer, WithoutAModeEachCallIsItsOwnExit) {
    RomMachine machine;
    queue_gdt(1);
    rom::clts();
    EXPECT_EQ(machine.hypercalls, (std::vector<Call>{Call::write_gdt_entry, Call::clts}));
    EXPECT_EQ(machine.control().ring.tail, 0);
}

TEST(RingProducer, LeavingCostsNoExitWhenNothingIsQueued) {
    RomMachine machine;
    rom::set_lazy_mode(cpu_mode);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    rom::set_lazy_mode(mmu_mode);
    queue_gdt(1);
    machine.drain(); // on the way of another exit
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    EXPECT_TRUE(machine.hypercalls.empty());
    EXPECT_EQ(machine.executed, std::vector<Executed>{write_gdt(1)});
}

TEST(RingProducer, AFullRingIsFlushedAndGoesOn) {
    for (const std::uint32_t first : {0U, 0xFFFFFF00U}) {
        RomMachine machine{first};
        rom::set_lazy_mode(mmu_mode);
        for (std::uint32_t n = 0; n < abi::ring_capacity; ++n) {
            queue_gdt(n);
        }
        EXPECT_TRUE(machine.hypercalls.empty());
        queue_gdt(abi::ring_capacity);
        EXPECT_EQ(machine.hypercalls.size(), 1);
        EXPECT_EQ(machine.queued(), 1);
        rom::set_lazy_mode(no_mode);
        ASSERT_EQ(machine.executed.size(), abi::ring_capacity + 1);
        for (std::uint32_t n = 0; n <= abi::ring_capacity; ++n) {
            EXPECT_EQ(machine.executed[n], write_gdt(n));
        }
    }
}

TEST(RingProducer, IndicesWrapAtTheEndOfTheirRange) {
    RomMachine machine{0xFFFFFFFE};
    rom::set_lazy_mode(cpu_mode);
    for (std::uint32_t n = 0; n < 5; ++n) {
        queue_gdt(n);
    }
    EXPECT_EQ(machine.control().ring.tail, 3);
    rom::set_lazy_mode(no_mode);
    EXPECT_EQ(machine.executed, (std::vector<Executed>{write_gdt(0), write_gdt(1), write_gdt(2),
                                                       write_gdt(3), write_gdt(4)}));
}

TEST(RingProducer, ASynchronousCallComesBehindWhatIsQueuedInOneExit) {
    RomMachine machine;
    rom::set_lazy_mode(cpu_mode);
    queue_gdt(1);
    abi::PseudoDescriptor table{};
    const auto address = reinterpret_cast<std::uint64_t>(&table);
    rom::set_gdt(&table);
    rom::set_idt(&table);
    rom::set_tr(0x40);
    rom::set_cr4(0x20);
    EXPECT_EQ(machine.executed, (std::vector<Executed>{write_gdt(1),
                                                       {Call::set_gdt, {address, 0, 0}},
                                                       {Call::set_idt, {address, 0, 0}},
                                                       {Call::set_tr, {0x40, 0, 0}},
                                                       {Call::set_cr4, {0x20, 0, 0}}}));
    EXPECT_EQ(machine.hypercalls.size(), 4);
}

TEST(RingProducer, SetInitialApStateIsOneExitBehindWhatIsQueued) {
    const abi::InitialState state{};
    const auto address = reinterpret_cast<std::uint64_t>(&state);
    for (const std::uint32_t mode : {no_mode, mmu_mode, cpu_mode}) {
        RomMachine machine;
        std::vector<Executed> expected;
        if (mode != no_mode) {
            rom::set_lazy_mode(mode);
            queue_gdt(1);
            expected.push_back(write_gdt(1));
        }
        EXPECT_EQ(rom::set_initial_ap_state(&state, 3), 0);
        expected.push_back({Call::set_initial_ap_state, {address, 3, 0}});
        EXPECT_EQ(machine.executed, expected);
        EXPECT_EQ(machine.hypercalls, std::vector<Call>{Call::set_initial_ap_state});
        EXPECT_EQ(machine.queued(), 0);
    }
}

TEST(RingProducer, SetInitialApStateReturnsWhyItWasRefused) {
    RomMachine machine;
    machine.refuse = [](const Executed&) { return Error::bad_vcpu; };
    const abi::InitialState state{};
    EXPECT_EQ(rom::set_initial_ap_state(&state, 64), value(Error::bad_vcpu));
}

TEST(RingProducer, ModeErrorsAreCountedAndLoseNothing) {
    RomMachine machine;
    EXPECT_EQ(rom::set_lazy_mode(no_mode), value(Error::unpaired_lazy_mode));
    EXPECT_EQ(rom::set_lazy_mode(3), value(Error::unknown_lazy_mode));
    EXPECT_EQ(rom::set_lazy_mode(0xFFFFFFFF), value(Error::unknown_lazy_mode));
    EXPECT_EQ(rom::set_lazy_mode(cpu_mode), 0);
    queue_gdt(1);
    EXPECT_EQ(rom::set_lazy_mode(cpu_mode), value(Error::nested_lazy_mode));
    EXPECT_EQ(rom::set_lazy_mode(mmu_mode), value(Error::nested_lazy_mode));
    EXPECT_EQ(rom::set_lazy_mode(7), value(Error::unknown_lazy_mode));
    EXPECT_EQ(machine.control().lazy_mode, cpu_mode);
    EXPECT_EQ(machine.queued(), 1);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    EXPECT_EQ(machine.control().unpaired_mode_errors, 1);
    EXPECT_EQ(machine.control().nested_mode_errors, 2);
    EXPECT_EQ(machine.control().unknown_mode_errors, 3);
    EXPECT_EQ(machine.executed, std::vector<Executed>{write_gdt(1)});
}

class RefusedBatch : public testing::Test {
  protected:
    RefusedBatch() {
        machine_.refuse = [](const Executed& call) {
            return call.argument[0] == 666 ? Error::call_gate : Error::none;
        };
        rom::set_lazy_mode(cpu_mode);
    }

    RomMachine machine_;
};

TEST_F(RefusedBatch, IsReportedByTheLeaveOnce) {
    queue_gdt(1);
    queue_gdt(666);
    queue_gdt(2);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), value(Error::call_gate));
    EXPECT_EQ(machine_.executed, std::vector<Executed>{write_gdt(1)});
    rom::set_lazy_mode(cpu_mode);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
}

TEST_F(RefusedBatch, DrainedByAnotherExitIsReportedByTheLeave) {
    queue_gdt(666);
    machine_.drain();
    EXPECT_EQ(rom::set_lazy_mode(no_mode), value(Error::call_gate));
    EXPECT_TRUE(machine_.hypercalls.empty());
}

TEST_F(RefusedBatch, OfAFullRingKeepsTheCallAfterItAndItsMirror) {
    queue_gdt(666);
    for (std::uint32_t n = 1; n < abi::ring_capacity; ++n) {
        queue_gdt(n);
    }
    EXPECT_EQ(rom::set_cr3(0x5000), 0);
    EXPECT_EQ(rom::get_cr3(), 0x5000);
    EXPECT_EQ(machine_.queued(), 1);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), value(Error::call_gate));
    EXPECT_EQ(machine_.executed, (std::vector<Executed>{{Call::set_cr3, {0x5000, 0, 0}}}));
    EXPECT_EQ(machine_.control().ring.pending_error, 0);
}

TEST_F(RefusedBatch, OutsideAModeIsTheCallsOwnResult) {
    rom::set_lazy_mode(no_mode);
    EXPECT_EQ(rom::write_gdt_entry(666, 0, 0), value(Error::call_gate));
    EXPECT_EQ(machine_.control().ring.pending_error, 0);
}

TEST(RingProducer, MirrorsSayWhatWasAskedForLast) {
    for (const std::uint32_t mode : {no_mode, cpu_mode}) {
        RomMachine machine;
        machine.control().gdt_base = 0xFFFF800000001000;
        machine.control().gdt_limit = 0x7F;
        machine.control().idt_base = 0xFFFF800000002000;
        machine.control().idt_limit = 0xFFF;
        machine.control().tr_selector = 0x28;
        if (mode != no_mode) {
            rom::set_lazy_mode(mode);
        }
        rom::set_cr0(0x8000000B);
        rom::set_cr3(0x123000);
        rom::set_ldt(0x30);
        EXPECT_EQ(rom::get_cr0(), 0x8000000B);
        rom::clts();
        EXPECT_EQ(rom::get_cr0(), 0x80000003);
        EXPECT_EQ(rom::get_cr3(), 0x123000);
        EXPECT_EQ(rom::get_ldt(), 0x30);
        EXPECT_EQ(rom::get_tr(), 0x28);
        abi::PseudoDescriptor table{};
        rom::get_gdt(&table);
        EXPECT_EQ(table.base, 0xFFFF800000001000);
        EXPECT_EQ(table.limit, 0x7F);
        rom::get_idt(&table);
        EXPECT_EQ(table.base, 0xFFFF800000002000);
        EXPECT_EQ(table.limit, 0xFFF);
        EXPECT_EQ(machine.hypercalls.size(), mode == no_mode ? 4 : 0);
    }
}

TEST(RingProducer, HaltExecutesWhatIsQueuedThenWaits) {
    RomMachine machine;
    rom::halt();
    EXPECT_TRUE(machine.hypercalls.empty());
    rom::set_lazy_mode(cpu_mode);
    queue_gdt(1);
    machine.interrupts_enabled = false;
    rom::halt();
    EXPECT_EQ(machine.halts, 2);
    EXPECT_TRUE(machine.interrupts_enabled);
    EXPECT_EQ(machine.hypercalls, std::vector<Call>{Call::flush});
}

TEST(RingProducer, HaltNeverWaitsWithEntriesOfAHandlerQueued) {
    for (std::uint32_t n = 0;; ++n) {
        RomMachine machine;
        rom::set_lazy_mode(cpu_mode);
        bool behind = false;
        machine.interrupt_after(n, [&] {
            behind = machine.halts != 0;
            queue_gdt(7);
        });
        rom::halt();
        EXPECT_EQ(machine.entries_at_halt, 0) << "interrupt " << n;
        if (behind || !machine.interrupted()) {
            break;
        }
    }
}

TEST(RingProducer, InterruptsAreAsTheCallerLeftThem) {
    for (const bool enabled : {true, false}) {
        for (const std::uint32_t mode : {no_mode, cpu_mode}) {
            RomMachine machine;
            if (mode != no_mode) {
                rom::set_lazy_mode(mode);
            }
            machine.interrupts_enabled = enabled;
            queue_gdt(1);
            rom::set_cr0(8);
            EXPECT_EQ(machine.interrupts_enabled, enabled);
        }
    }
}

TEST(RingProducer, ShutdownAndRebootDrainFirst) {
    RomMachine machine;
    rom::set_lazy_mode(cpu_mode);
    queue_gdt(1);
    EXPECT_THROW(rom::shutdown(3), std::logic_error); // the fake comes back
    EXPECT_THROW(rom::reboot(0), std::logic_error);
    EXPECT_EQ(machine.executed,
              (std::vector<Executed>{
                  write_gdt(1), {Call::shutdown, {3, 0, 0}}, {Call::reboot, {0, 0, 0}}}));
}

} // namespace
