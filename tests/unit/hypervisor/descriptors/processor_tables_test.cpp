// Descriptor tables and page tables while another vCPU does what it can.

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

namespace hv::test {
namespace {

using abi::Error;

class TwoVcpus : public ::testing::Test {
  protected:
    HardenedMachine machine{2};
    Vcpu& vcpu = machine.vcpu(0);
    Vcpu& other = machine.vcpu(1);
    TwoVcpus() { vcpu.in_guest = 1; }

    static constexpr std::uint64_t tls = 0x00CFF3000000FFFF;
    static constexpr std::uint64_t call_gate = 0x00008C0000080000;

    std::uint64_t physical(const GuestTable& table) { return machine.physical(table.base()); }
    /// A copy of vCPU 0's GDT that nobody has loaded.
    std::uint64_t copy_of_gdt() {
        const std::uint64_t page = machine.take_guest_page();
        std::memcpy(direct_pointer(page), direct_pointer(physical(vcpu.tables.gdt())), 128);
        machine.word(page + HardenedMachine::tss_selector) &= ~SegmentDescriptor::busy_bit;
        return page;
    }
    StoreVerdict store(std::uint64_t gpa, std::uint64_t value) {
        return machine.machine().tables.store(gpa, 8, value);
    }
    template <typename Code>
    void on_other(Code code) {
        machine.on(1, [&] {
            code();
            settle(other);
            machine.enter(1);
        });
    }
};

TEST_F(TwoVcpus, AStoreIsJudgedByTheRulesOfWhoseTableItIs) {
    const std::uint64_t theirs = physical(other.tables.gdt());
    lock_page_tables(vcpu);
    EXPECT_EQ(store(theirs + HardenedMachine::code, 0).error, Error::kernel_segment);
    EXPECT_EQ(store(theirs + HardenedMachine::tss_selector, 0).error, Error::tss_moved);
    EXPECT_EQ(store(theirs + 6 * 8, call_gate).error, Error::call_gate);
    EXPECT_EQ(store(theirs + 6 * 8, tls).error, Error::none);
    EXPECT_EQ(machine.word(theirs + 6 * 8), tls);
}

TEST_F(TwoVcpus, ATableIsReadWhenNobodyCanWriteItAnyMore) {
    const std::uint64_t page = copy_of_gdt();
    // vCPU 1 has cached that it may write there, until it is kicked.
    machine.before_kick = [&](Vcpu& kicked) {
        EXPECT_EQ(kicked.number, 1U);
        machine.word(page + 6 * 8) = call_gate;
    };
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, Machine::linear_base + page}), Error::call_gate);
    EXPECT_EQ(other.statistics.kicks_received, 1U);
}

TEST_F(TwoVcpus, APageTableIsReadWhenNobodyCanWriteItAnyMore) {
    const std::uint64_t page = machine.take_guest_page();
    machine.before_kick = [&](Vcpu&) {
        machine.word(page) = machine.machine().monitor.begin | paging::present;
    };
    EXPECT_NE(
        call_allocate_page(vcpu, page / page_size, 0,
                           abi::AllocateOptions::make(abi::page_level_flag(1), 0, 0).encode()),
        Error::none);
    EXPECT_EQ(other.statistics.kicks_received, 1U);
    settle(vcpu);
}

TEST_F(TwoVcpus, WhoSharesAGdtWritesItByTheRulesOfBoth) {
    // vCPU 1 waits to be started and has no tables yet: then it may load any GDT.
    on_other([&] {
        lock_page_tables(other);
        other.tables.close(machine.machine().translation);
    });
    const std::uint64_t base = vcpu.tables.gdt().base();
    ASSERT_TRUE(vcpu.tables.write_free_slot(base, 6, tls));
    on_other([&] { ASSERT_EQ(set_guest_gdtr(other, {127, base}), Error::none); });
    EXPECT_TRUE(vcpu.tables.gdt_is_shared());
    EXPECT_TRUE(other.tables.gdt_is_shared());
    EXPECT_FALSE(vcpu.tables.write_free_slot(base, 6, tls));
    // vCPU 1, which has loaded no TSS, could write vCPU 0's descriptors as far as its own rules go.
    on_other([&] {
        EXPECT_EQ(call_write_gdt_entry(other, base, HardenedMachine::tss_selector / 8, 0),
                  Error::tss_moved);
        EXPECT_EQ(call_write_gdt_entry(other, base, HardenedMachine::code / 8, tls),
                  Error::kernel_segment);
        EXPECT_EQ(call_write_gdt_entry(other, base, 7, tls), Error::none);
        EXPECT_EQ(call_write_gdt_entry(other, base, 16, tls), Error::index_out_of_range);
        EXPECT_EQ(call_write_gdt_entry(other, base + 8, 7, tls), Error::not_current_table);
    });
    EXPECT_EQ(machine.gdt_slot(7), tls);
}

// vCPU 0 has found a slot free, and writes it when vCPU 1 has told it that the GDT is shared.
TEST_F(TwoVcpus, AGdtIsJudgedWhenNobodyElseWritesItUnjudged) {
    on_other([&] { // it has no tables yet
        lock_page_tables(other);
        other.tables.close(machine.machine().translation);
    });
    const std::uint64_t base = vcpu.tables.gdt().base();
    vcpu.in_guest = 0;
    std::atomic<bool> loaded = false;
    std::thread writes{[&] {
        while ((__atomic_load_n(&vcpu.requests, __ATOMIC_SEQ_CST) & request::finish_call) == 0) {
            if (loaded)
                return;
            pause();
        }
        EXPECT_TRUE(vcpu.tables.gdt_is_shared());
        machine.word(machine.physical(base) + 7 * 8) = call_gate;
        __atomic_store_n(&vcpu.requests, 0U, __ATOMIC_SEQ_CST);
    }};
    on_other([&] { EXPECT_EQ(set_guest_gdtr(other, {127, base}), Error::call_gate); });
    loaded = true;
    writes.join();
}

// The address that stands for "no slot is free" is one that a guest may say.
TEST_F(TwoVcpus, ASharedGdtHasNoSlotThatIsWrittenUnjudged) {
    const std::uint64_t before = machine.gdt_slot(6);
    EXPECT_TRUE(vcpu.tables.write_free_slot(machine.gdt, 6, tls));
    vcpu.tables.share_gdt();
    for (const std::uint64_t base : {machine.gdt, ~std::uint64_t{0}})
        EXPECT_FALSE(vcpu.tables.write_free_slot(base, 6, before));
    EXPECT_EQ(machine.gdt_slot(6), tls);
}

TEST_F(TwoVcpus, TablesOfDifferentKindsShareNoByte) {
    const std::uint64_t gdt = vcpu.tables.gdt().base();
    // A TSS over vCPU 0's GDT: UpdateKernelStack and WriteTSSWord would write descriptors.
    on_other([&] {
        lock_page_tables(other);
        other.tables.close(machine.machine().translation);
        const std::uint64_t page = copy_of_gdt();
        const SystemDescriptor tss{
            descriptor_from_segment({HardenedMachine::tss_selector, gdt, 103, {0x89}}), gdt >> 32};
        machine.word(page + HardenedMachine::tss_selector) = tss.low;
        machine.word(page + HardenedMachine::tss_selector + 8) = tss.high;
        ASSERT_EQ(set_guest_gdtr(other, {127, Machine::linear_base + page}), Error::none);
        EXPECT_EQ(set_guest_tr(other, HardenedMachine::tss_selector), Error::protected_page);
        EXPECT_EQ(set_guest_idtr(other, {127, gdt}), Error::protected_page);
    });
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, vcpu.tables.tss().base()}), Error::protected_page);
    EXPECT_EQ(vcpu.tables.gdt().base(), gdt);
}

TEST_F(TwoVcpus, ATableIsNoPageTable) {
    const std::uint64_t page = machine.take_guest_page();
    ASSERT_EQ(
        call_allocate_page(vcpu, page / page_size, 0,
                           abi::AllocateOptions::make(abi::page_level_flag(1), 0, 0).encode()),
        Error::none);
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, Machine::linear_base + page}), Error::protected_page);
    settle(vcpu);
}

TEST_F(TwoVcpus, WhoSharesAnIdtHasTheSameCodeSegment) {
    on_other([&] {
        lock_page_tables(other);
        other.tables.close(machine.machine().translation);
        machine.fields[Field::guest_cs_selector] = 0x30;
        EXPECT_EQ(set_guest_idtr(other, {256 * 16 - 1, machine.idt}), Error::bad_gate);
        machine.fields[Field::guest_cs_selector] = HardenedMachine::code;
        EXPECT_EQ(set_guest_idtr(other, {256 * 16 - 1, machine.idt}), Error::none);
    });
}

// A slot's accessed bit would be a bit of the base or the limit of a slot of the other table.
TEST_F(TwoVcpus, TablesOfOneKindShareWholeEntries) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t base = Machine::linear_base + page;
    std::memcpy(direct_pointer(page), direct_pointer(physical(vcpu.tables.gdt())), 128);
    ASSERT_EQ(set_guest_gdtr(vcpu, {127, base}), Error::none);
    settle(vcpu);
    on_other([&] {
        lock_page_tables(other);
        other.tables.close(machine.machine().translation);
        for (const std::uint64_t shift : {1U, 15U, 124U})
            EXPECT_EQ(set_guest_gdtr(other, {127, base + shift}), Error::protected_page);
        EXPECT_EQ(set_guest_gdtr(other, {127, base + 8}), Error::none);
        EXPECT_EQ(set_guest_gdtr(other, {127, base + 128}), Error::none);
        EXPECT_EQ(set_guest_idtr(other, {255, machine.idt + 8}), Error::protected_page);
        EXPECT_EQ(set_guest_idtr(other, {255, machine.idt + 16}), Error::none);
    });
}

TEST_F(TwoVcpus, ASteppedStoreGoesOnTopOfWhatOthersWrote) {
    lock_page_tables(vcpu);
    const std::uint64_t page = physical(vcpu.tables.gdt());
    alignas(8) std::uint8_t before[page_size];
    alignas(8) std::uint8_t image[page_size];
    std::memcpy(before, direct_pointer(page), page_size);
    std::memcpy(image, before, page_size);
    std::memcpy(image + 6 * 8, &tls, 8);
    machine.word(page + 7 * 8) = tls; // meanwhile
    EXPECT_EQ(machine.machine().tables.apply(page, before, image), Error::none);
    EXPECT_EQ(machine.word(page + 6 * 8), tls);
    EXPECT_EQ(machine.word(page + 7 * 8), tls);
}

TEST_F(TwoVcpus, ASteppedStoreIsJudgedWithWhatOthersWrote) {
    lock_page_tables(vcpu);
    const std::uint64_t page = physical(vcpu.tables.idt());
    alignas(8) std::uint8_t before[page_size];
    alignas(8) std::uint8_t image[page_size];
    std::memcpy(before, direct_pointer(page), page_size);
    std::memcpy(image, before, page_size);
    // A gate that is good with the high half as it was, and not canonical with what it is now.
    const std::uint64_t low = GateDescriptor::make(0x1000, HardenedMachine::code, 14, 0, 0).low;
    std::memcpy(image + 6 * 16, &low, 8);
    machine.word(page + 6 * 16 + 8) = 0x12345678;
    EXPECT_EQ(machine.machine().tables.apply(page, before, image), Error::bad_gate);
    EXPECT_EQ(machine.word(page + 6 * 16), 0U);
}

TEST_F(TwoVcpus, ARootThatAnotherVcpuRunsOnIsNotReleased) {
    const auto options = [](int level) {
        return abi::AllocateOptions::make(abi::page_level_flag(static_cast<std::uint32_t>(level)),
                                          0, 0)
            .encode();
    };
    machine.on(1, [&] { other.roots.current.guest = 0x700000; });
    const std::uint64_t page = 0x700000;
    ASSERT_EQ(call_allocate_page(vcpu, page / page_size, 0, options(4)), Error::none);
    EXPECT_EQ(call_release_page(vcpu, page / page_size, 0, 0), Error::table_in_use);
    other.roots.current.guest = machine.root;
    EXPECT_EQ(call_release_page(vcpu, page / page_size, 0, 0), Error::none);
    settle(vcpu);
}

} // namespace
} // namespace hv::test
