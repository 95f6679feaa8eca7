// The consumer's side of the ring: order, bounds, refusals, and what the guest is told.

#include "hypervisor/calls/drain.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/control_registers.h"
#include "shared/call_number.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::Call;
using abi::Error;

class Drain : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();
    abi::RingHeader& ring = machine.area().control.ring;

    void publish(Call call, std::uint64_t first = 0, std::uint64_t second = 0,
                 std::uint64_t third = 0) {
        abi::RingEntry& entry = machine.area().entry[ring.tail % abi::ring_capacity];
        // Garbage in the unused words must change nothing.
        entry = {static_cast<std::uint16_t>(call), 0xDEAD, 0xBADC0DE, {first, second, third}};
        ++ring.tail;
    }
    void write_slot(std::uint64_t index, std::uint64_t value) {
        publish(Call::write_gdt_entry, machine.gdt, index, value);
    }
    static constexpr std::uint64_t tls = 0x00CFF3000000FFFF; ///< accessed, ring 3, data

    std::uint64_t tls_with_base(std::uint64_t base) { return tls | (base & 0xFFFFFF) << 16; }
};

TEST_F(Drain, EmptyRingIsNoFlush) {
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(vcpu.statistics.flushes, 0U);
}

TEST_F(Drain, ExecutesInProgramOrder) {
    write_slot(6, tls_with_base(1));
    write_slot(7, tls_with_base(2));
    write_slot(6, tls_with_base(3)); // the later write of the same slot wins
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(machine.gdt_slot(6), tls_with_base(3));
    EXPECT_EQ(machine.gdt_slot(7), tls_with_base(2));
    EXPECT_EQ(ring.head, ring.tail);
    EXPECT_EQ(vcpu.statistics.flushes, 1U);
    EXPECT_EQ(vcpu.statistics.drained, 3U);
    EXPECT_EQ(vcpu.statistics.entry[static_cast<int>(Call::write_gdt_entry)], 3U);
}

TEST_F(Drain, IndicesWrapAround) {
    ring.tail = ring.head = vcpu.ring_head = 0xFFFFFFFE;
    for (std::uint32_t n = 0; n < 4; ++n)
        write_slot(6, tls_with_base(n));
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(ring.head, 2U);
    EXPECT_EQ(vcpu.statistics.drained, 4U);
    EXPECT_EQ(machine.gdt_slot(6), tls_with_base(3));
}

TEST_F(Drain, FullRing) {
    for (std::uint32_t n = 0; n < abi::ring_capacity; ++n)
        write_slot(6, tls_with_base(n));
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(vcpu.statistics.drained, abi::ring_capacity);
}

TEST_F(Drain, TailTooFarAheadRunsNothing) {
    for (std::uint32_t n = 0; n <= abi::ring_capacity; ++n)
        write_slot(6, tls_with_base(n));
    EXPECT_EQ(drain_if_queued(vcpu), Error::ring_index);
    EXPECT_EQ(vcpu.statistics.drained, 0U);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(ring.head, ring.tail); // and the ring is usable again
    EXPECT_EQ(ring.pending_error, static_cast<std::uint32_t>(Error::ring_index));
    write_slot(6, tls_with_base(9));
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(machine.gdt_slot(6), tls_with_base(9));
}

TEST_F(Drain, TailBehindHeadRunsNothing) {
    ring.tail = vcpu.ring_head - 1;
    EXPECT_EQ(drain_if_queued(vcpu), Error::ring_index);
    EXPECT_EQ(vcpu.statistics.drained, 0U);
}

TEST_F(Drain, TheGuestsHeadIsNotBelieved) {
    write_slot(6, tls_with_base(1));
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    ring.head = ring.tail - 300; // a forged head would replay old entries
    write_slot(7, tls_with_base(2));
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(vcpu.statistics.drained, 2U);
}

TEST_F(Drain, RefusedEntryEndsTheBatch) {
    write_slot(6, tls_with_base(1));
    publish(Call::set_cr3, machine.physical(machine.gdt) | 0xFF00000000000000);
    write_slot(7, tls_with_base(2));
    write_slot(8, tls_with_base(3));
    EXPECT_EQ(drain_if_queued(vcpu), Error::bad_cr3);
    EXPECT_EQ(machine.gdt_slot(6), tls_with_base(1)); // before the refused entry: executed
    EXPECT_EQ(machine.gdt_slot(7), 0U);               // after it: not executed
    EXPECT_EQ(machine.gdt_slot(8), 0U);
    EXPECT_EQ(ring.refused_index, 1U);
    EXPECT_EQ(ring.refused_error, static_cast<std::uint16_t>(Error::bad_cr3));
    EXPECT_EQ(ring.refused_call, static_cast<std::uint16_t>(Call::set_cr3));
    EXPECT_EQ(ring.refusals, 1U);
    EXPECT_EQ(ring.discarded, 2U);
    EXPECT_EQ(ring.pending_error, static_cast<std::uint32_t>(Error::bad_cr3));
    EXPECT_EQ(ring.head, ring.tail);
    EXPECT_EQ(vcpu.statistics.drained, 1U);
    EXPECT_EQ(vcpu.statistics.discarded, 2U);
    EXPECT_TRUE(machine.console.empty()) << "printed while locks may be held";
    EXPECT_NE(vcpu.pending & pending::lines, 0U);
    settle(vcpu);
    EXPECT_NE(machine.console.find("refused SetCR3"), std::string::npos) << machine.console;
    EXPECT_NE(machine.console.find("bad_cr3"), std::string::npos);
}

TEST_F(Drain, ARefusalIsNamedOnce) {
    for (int n = 0; n < 3; ++n) {
        publish(Call::set_cr3, ~std::uint64_t{0});
        drain_if_queued(vcpu);
    }
    EXPECT_EQ(machine.console.find("bad_cr3"), machine.console.rfind("bad_cr3"));
    EXPECT_EQ(vcpu.statistics.refused, 3U);
}

TEST_F(Drain, RefusedBatchMakesTheMirrorsAgreeAgain) {
    machine.area().control.cr3 = 0x1234000; // what the ROM wrote when it queued
    machine.area().control.cr0 = 0;
    publish(Call::set_cr3, ~std::uint64_t{0});
    drain_if_queued(vcpu);
    EXPECT_EQ(machine.area().control.cr3, machine.root);
    EXPECT_EQ(machine.area().control.cr0, vcpu.cr0_shadow);
}

TEST_F(Drain, UnknownCallsAreRefused) {
    for (const std::uint16_t call : {std::uint16_t{72}, std::uint16_t{abi::call_limit},
                                     std::uint16_t{0xFFFF}, std::uint16_t{0}}) {
        publish(static_cast<Call>(call));
        EXPECT_EQ(drain_if_queued(vcpu), Error::unknown_call) << call;
    }
}

TEST_F(Drain, SynchronousCallsMayNotStandInTheRing) {
    for (const Call call : {Call::set_gdt, Call::set_tr, Call::set_cr4, Call::shutdown,
                            Call::reboot, Call::flush, Call::vmi_init}) {
        publish(call);
        write_slot(6, tls_with_base(1));
        EXPECT_EQ(drain_if_queued(vcpu), Error::not_queueable) << static_cast<int>(call);
    }
    EXPECT_EQ(machine.gdt_slot(6), 0U);
}

TEST_F(Drain, Cr0IsWrittenOnceForTheBatch) {
    publish(Call::set_cr0, vcpu.cr0_shadow | cr0::task_switched);
    publish(Call::clts);
    publish(Call::set_cr0, vcpu.cr0_shadow | cr0::task_switched);
    const std::uint64_t before = vcpu.vmcs.accesses();
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    EXPECT_EQ(vcpu.vmcs.accesses(), before);
    settle(vcpu);
    EXPECT_EQ(vcpu.vmcs.accesses(), before + 2);
    EXPECT_NE(machine.fields[Field::guest_cr0] & cr0::task_switched, 0U);
    EXPECT_NE(machine.fields[Field::cr0_read_shadow] & cr0::task_switched, 0U);
}

TEST_F(Drain, Cr3DropsTranslationsOnce) {
    const std::uint64_t other = machine.take_guest_page();
    machine.word(other + 511 * 8) = machine.word(machine.root + 511 * 8);
    publish(Call::set_cr3, other);
    publish(Call::set_cr3, machine.root);
    publish(Call::set_cr3, other);
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    settle(vcpu);
    EXPECT_EQ(machine.fields[Field::guest_cr3], other);
    EXPECT_EQ(machine.invalidations,
              (std::vector<Invalidated>{{Invalidated::By::invvpid, 3, 1, 0}}));
}

TEST_F(Drain, UpdateKernelStackAndTssWords) {
    publish(Call::update_kernel_stack, machine.tss, 0xFFFFFFFF80001000);
    publish(Call::write_tss_word, machine.tss, 0x60, 0x0068000000000000);
    EXPECT_EQ(drain_if_queued(vcpu), Error::none);
    std::uint64_t rsp0 = 0;
    std::memcpy(&rsp0, direct_pointer(machine.physical(machine.tss) + 4), 8);
    EXPECT_EQ(rsp0, 0xFFFFFFFF80001000);
    EXPECT_EQ(machine.word(machine.physical(machine.tss) + 0x60), 0x0068000000000000U);
}

TEST_F(Drain, EveryVmExitDrainsFirst) {
    write_slot(6, tls_with_base(5));
    machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(abi::ExitReason::cpuid);
    machine.fields[Field::vm_exit_instruction_length] = 2;
    handle_vm_exit(vcpu.registers);
    EXPECT_EQ(machine.gdt_slot(6), tls_with_base(5));
    EXPECT_EQ(vcpu.statistics.exit[static_cast<int>(abi::ExitReason::cpuid)], 1U);
}

} // namespace
} // namespace hv::test
