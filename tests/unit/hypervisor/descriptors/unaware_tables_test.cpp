// Descriptor tables of a kernel that was not written for lazyhv: its boot loader's, and how it
// writes and moves its own.

#include "tests/unit/cases/tables_case.h"

namespace hv::test {
namespace {

using abi::Error;

class UnawareTables : public TablesCase {};

TEST_F(UnawareTables, IdtMayHaveASecondAddress) {
    constexpr std::uint16_t limit = 256 * 16 - 1;
    const std::uint64_t alias = 0xFFFFFE0000000000;
    machine.map(machine.root, alias, machine.physical(machine.idt), paging::present);
    machine.map(machine.root, alias + page_size, machine.take_guest_page(), paging::present);
    EXPECT_EQ(set_guest_idtr(vcpu, {limit, alias + page_size}), Error::idt_moved);
    EXPECT_EQ(set_guest_idtr(vcpu, {limit - 16, alias}), Error::idt_moved);
    EXPECT_EQ(set_guest_idtr(vcpu, {limit, alias + 2 * page_size}), Error::idt_moved); // nowhere
    EXPECT_EQ(set_guest_idtr(vcpu, {limit, alias}), Error::none);
    EXPECT_EQ(rights(machine.idt), EptRights::read_execute);
    EXPECT_EQ(tables.write_idt_half(alias, 7, 0), Error::none);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 7, 0), Error::not_current_table);
    // A root must lead there as well.
    const std::uint64_t other = machine.take_guest_page();
    machine.word(other + 511 * 8) = machine.word(machine.root + 511 * 8);
    EXPECT_FALSE(tables.root_maps_tables(machine.machine().memory, other));
}

// In the lower half, before the kernel has loaded TR: its boot loader's.
class BootTables : public TablesCase {
  protected:
    static constexpr std::uint64_t loaders = 0x10000;
    static constexpr std::uint16_t limit = 6 * 8 - 1;
    static constexpr std::uint16_t tss_selector = 4 * 8;
    std::uint64_t page = machine.take_guest_page();

    BootTables() {
        tables.close(machine.machine().translation);
        machine.machine().is_kernel_unaware = true;
        machine.map(machine.root, loaders, page, paging::present | paging::writable);
        machine.word(page + 4 * 8) = 0x0080890000000000; // of Linux's decompressor
        machine.word(page + 5 * 8) = 0;
    }
    void load_kernels_tss() {
        const std::uint64_t slot = HardenedMachine::tss_selector / 8;
        ASSERT_EQ(tables.write_gdt_entry(machine.gdt, slot,
                                         machine.gdt_slot(slot) & ~SegmentDescriptor::busy_bit),
                  Error::none);
        ASSERT_EQ(set_guest_tr(vcpu, HardenedMachine::tss_selector), Error::none);
        ASSERT_TRUE(tables.sealed());
    }
};

TEST_F(BootTables, AreNotOwned) {
    EXPECT_EQ(set_guest_gdtr(vcpu, {limit, loaders}), Error::none);
    EXPECT_EQ(set_guest_idtr(vcpu, {0, loaders}), Error::none);
    EXPECT_EQ(machine.fields[Field::guest_gdtr_base], loaders);
    EXPECT_EQ(machine.fields[Field::guest_idtr_base], loaders);
    EXPECT_EQ(rights(Machine::linear_base + page), EptRights::all);
    EXPECT_EQ(set_guest_tr(vcpu, tss_selector), Error::none);
    EXPECT_EQ(machine.word(page + 4 * 8), 0x00808B0000000000U); // busy
    EXPECT_EQ(machine.fields[Field::guest_tr_limit], 0xFFFU);
    EXPECT_FALSE(tables.sealed());
    EXPECT_EQ(set_guest_tr(vcpu, tss_selector), Error::bad_selector); // busy
    EXPECT_EQ(set_guest_tr(vcpu, 5 * 8), Error::bad_selector);        // cut off
    machine.fields[Field::guest_gdtr_base] = loaders + page_size;
    EXPECT_EQ(set_guest_tr(vcpu, tss_selector), Error::bad_address);
}

TEST_F(BootTables, GiveWayToTheKernels) {
    ASSERT_EQ(set_guest_gdtr(vcpu, {limit, loaders}), Error::none);
    EXPECT_EQ(set_guest_gdtr(vcpu, {15 * 8 - 1, machine.gdt}), Error::none);
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    EXPECT_EQ(set_guest_gdtr(vcpu, {limit, loaders}), Error::none);
    EXPECT_EQ(rights(machine.gdt), EptRights::all);
    ASSERT_EQ(set_guest_gdtr(vcpu, {15 * 8 - 1, machine.gdt}), Error::none);
    ASSERT_EQ(set_guest_idtr(vcpu, {256 * 16 - 1, machine.idt}), Error::none);
    load_kernels_tss();
    EXPECT_EQ(set_guest_gdtr(vcpu, {limit, loaders}), Error::kernel_segment);
    EXPECT_EQ(set_guest_idtr(vcpu, {0, loaders}), Error::idt_moved);
}

// What a boot loader left in IDTR when TR was loaded is not the kernel's IDT: its first one is.
TEST_F(BootTables, AnIdtMayFollowTheTss) {
    ASSERT_EQ(set_guest_gdtr(vcpu, {15 * 8 - 1, machine.gdt}), Error::none);
    ASSERT_EQ(set_guest_idtr(vcpu, {limit, loaders}), Error::none);
    load_kernels_tss();
    constexpr std::uint16_t idt_limit = 256 * 16 - 1;
    EXPECT_EQ(set_guest_idtr(vcpu, {idt_limit, machine.idt}), Error::none);
    EXPECT_EQ(rights(machine.idt), EptRights::read_execute);
    EXPECT_EQ(set_guest_idtr(vcpu, {idt_limit, loaders}), Error::idt_moved);
}

TEST_F(BootTables, OfAnAwareKernelAreJudged) {
    machine.machine().is_kernel_unaware = false;
    ASSERT_EQ(set_guest_gdtr(vcpu, {limit, loaders}), Error::none);
    EXPECT_EQ(rights(Machine::linear_base + page), EptRights::read_execute);
}

// As memcpy() writes a gate: the low half first.
TEST_F(UnawareTables, AGateMayComeInHalves) {
    const std::uint64_t gpa = machine.physical(machine.idt) + 128 * 16;
    const std::uint64_t low = gate_low(0xFFFFFFFF80001000);
    AllTables& all = machine.machine().tables;
    EXPECT_EQ(all.store(gpa, 8, low).error, Error::bad_gate);
    tables.take_half_gates();
    EXPECT_EQ(all.store(gpa, 8, low).error, Error::none);
    EXPECT_EQ(machine.word(gpa), low & ~GateDescriptor::present_bit);
    EXPECT_EQ(all.store(gpa + 8, 8, 0x7FFF).error, Error::bad_gate); // no kernel's address
    EXPECT_EQ(all.store(gpa, 8, low).error, Error::none);
    EXPECT_EQ(all.store(gpa + 8, 8, 0xFFFFFFFF).error, Error::none);
    EXPECT_EQ(machine.word(gpa), low);
    EXPECT_EQ(machine.word(gpa + 8), 0xFFFFFFFFU);
    // Another store between them: the gate stays as it is.
    EXPECT_EQ(all.store(gpa + 16, 8, low).error, Error::none);
    EXPECT_EQ(all.store(gpa + 64, 8, 0).error, Error::none);
    EXPECT_EQ(all.store(gpa + 24, 8, 0xFFFFFFFF).error, Error::none);
    EXPECT_EQ(machine.word(gpa + 16), low & ~GateDescriptor::present_bit);
    const std::uint64_t task_gate = GateDescriptor::present_bit | std::uint64_t{5} << 40;
    EXPECT_EQ(all.store(gpa + 48, 8, task_gate).error, Error::bad_gate);
}

} // namespace
} // namespace hv::test
