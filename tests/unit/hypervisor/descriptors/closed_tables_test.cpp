// A table that is not loaded, or no longer, cannot be written by calls, whatever base a guest says.

#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <vector>

namespace hv::test {
namespace {

using abi::Error;

constexpr std::uint64_t tls = 0x00CFF3000000FFFF;
constexpr std::uint16_t ldt_selector = 0x30;

class ClosedTables : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();
    ProtectedTables& tables = vcpu.tables;

    /// What a closed table might be said to lie at.
    std::vector<std::uint64_t> bases() {
        const GuestTable closed;
        return {0, closed.base(), ~std::uint64_t{0}, machine.gdt, machine.idt, machine.tss};
    }
    /// Linear address of an LDT of two slots, loaded.
    std::uint64_t load_ldt() {
        const std::uint64_t base = Machine::linear_base + machine.take_guest_page();
        const std::uint64_t low =
            15 | (base & 0xFFFFFF) << 16 | std::uint64_t{0x82} << 40 | (base >> 24 & 0xFF) << 56;
        EXPECT_EQ(tables.write_gdt_entry(machine.gdt, ldt_selector / 8 + 1, base >> 32),
                  Error::none);
        EXPECT_EQ(tables.write_gdt_entry(machine.gdt, ldt_selector / 8, low), Error::none);
        EXPECT_EQ(set_guest_ldtr(vcpu, ldt_selector), Error::none);
        settle(vcpu);
        return base;
    }
};

TEST_F(ClosedTables, AnLdtThatIsLoadedNoMoreIsNotWritten) {
    const std::uint64_t base = load_ldt();
    ASSERT_EQ(tables.write_ldt_entry(base, 1, tls), Error::none);
    ASSERT_EQ(set_guest_ldtr(vcpu, 0), Error::none);
    settle(vcpu);
    const std::uint64_t page = machine.physical(base);
    machine.word(page) = 0;
    machine.word(page + 8) = 0;
    for (const std::uint64_t said : bases()) {
        EXPECT_EQ(tables.write_ldt_entry(said, 0, tls), Error::not_current_table) << said;
        EXPECT_EQ(tables.write_ldt_entry(said, 1, tls), Error::not_current_table) << said;
    }
    EXPECT_EQ(machine.word(page), 0U);
    EXPECT_EQ(machine.word(page + 8), 0U);
}

TEST_F(ClosedTables, NothingIsWrittenOnceAllAreClosed) {
    tables.close(machine.machine().translation);
    const std::uint64_t tss = machine.word(machine.physical(machine.tss));
    const std::uint64_t next = machine.word(machine.physical(machine.tss) + 8);
    const std::uint64_t gdt = machine.gdt_slot(6);
    const std::uint64_t lowest = machine.word(0);
    for (const std::uint64_t said : bases()) {
        EXPECT_EQ(tables.write_rsp0(said, 0x5000), Error::not_current_table) << said;
        EXPECT_EQ(tables.write_tss_word(said, 8, 1), Error::not_current_table) << said;
        EXPECT_EQ(tables.write_gdt_entry(said, 6, tls), Error::not_current_table) << said;
        EXPECT_EQ(tables.write_idt_half(said, 6, 0), Error::not_current_table) << said;
    }
    EXPECT_EQ(machine.word(machine.physical(machine.tss)), tss);
    EXPECT_EQ(machine.word(machine.physical(machine.tss) + 8), next);
    EXPECT_EQ(machine.gdt_slot(6), gdt);
    EXPECT_EQ(machine.word(0), lowest);
}

TEST_F(ClosedTables, NoSelectorIsLookedUpInAGdtThatIsNotThere) {
    load_ldt();
    tables.close(machine.machine().translation);
    EXPECT_EQ(set_guest_ldtr(vcpu, ldt_selector), Error::bad_selector);
    EXPECT_EQ(set_guest_tr(vcpu, HardenedMachine::tss_selector), Error::bad_selector);
    settle(vcpu);
}

TEST(ClosedTablesOfAVcpu, ThatWasResetAreNotWritten) {
    HardenedMachine machine{2};
    Vcpu& other = machine.vcpu(1);
    machine.on(1, [&] { other.tables.close(machine.machine().translation); });
    const std::uint64_t closed = GuestTable{}.base();
    machine.on(1, [&] {
        EXPECT_EQ(call_update_kernel_stack(other, closed, 0x5000, 0), Error::not_current_table);
    });
}

} // namespace
} // namespace hv::test
