// Profile `hardened`: tables taken over, changes judged, by call.

#include "tests/unit/cases/tables_case.h"

namespace hv::test {
namespace {

using abi::Error;
using abi::MemoryAccess;

class Tables : public TablesCase {};

TEST_F(Tables, PagesAreWriteProtected) {
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    EXPECT_EQ(rights(machine.idt), EptRights::read_execute);
    EXPECT_EQ(rights(machine.tss), EptRights::read_execute);
    EXPECT_EQ(rights(machine.gdt + 16 * page_size), EptRights::all);
}

TEST_F(Tables, AccessedBitIsForced) {
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 6, tls), Error::none);
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
}

TEST_F(Tables, BoundsAndBase) {
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt + 8, 6, tls), Error::not_current_table);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::gdt_slots, tls),
              Error::index_out_of_range);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, ~std::uint64_t{0}, tls),
              Error::index_out_of_range);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, std::uint64_t{1} << 61, tls),
              Error::index_out_of_range);                                   // index * 8 wraps to 0
    EXPECT_EQ(tables.write_ldt_entry(0, 0, tls), Error::not_current_table); // no LDT
    EXPECT_EQ(tables.write_idt_half(machine.idt, 512, 0), Error::index_out_of_range);
    EXPECT_EQ(tables.write_tss_word(machine.tss, 104, 0), Error::index_out_of_range);
    EXPECT_EQ(tables.write_tss_word(machine.tss, 4, 0), Error::bad_alignment);
    EXPECT_EQ(tables.write_tss_word(machine.tss, ~std::uint64_t{7}, 0), Error::index_out_of_range);
    EXPECT_EQ(tables.write_rsp0(machine.tss, 0x800000000000), Error::bad_address);
}

TEST_F(Tables, WhatTheKernelStandsOnStays) {
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::code / 8, 0),
              Error::kernel_segment);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::data / 8, tls),
              Error::kernel_segment);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::tss_selector / 8, 0),
              Error::tss_moved);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, HardenedMachine::tss_selector / 8 + 1, 0),
              Error::tss_moved);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 6, call_gate), Error::call_gate);
}

TEST_F(Tables, IdtStaysAndLeadsToTheKernel) {
    EXPECT_EQ(set_guest_idtr(vcpu, {256 * 16 - 1, machine.gdt}), Error::idt_moved);
    EXPECT_EQ(set_guest_idtr(vcpu, {256 * 16 - 1, machine.idt}), Error::none);
    const std::uint64_t low = gate_low(0xFFFFFFFF80001000);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 6, low), Error::bad_gate); // high half is 0
    EXPECT_EQ(tables.write_idt_half(machine.idt, 7, 0xFFFFFFFF), Error::none);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 6, low), Error::none);
    EXPECT_EQ(tables.write_idt_half(machine.idt, 7, 0), Error::bad_gate); // while present
}

TEST_F(Tables, TssStays) {
    const std::uint64_t slot = HardenedMachine::tss_selector / 8;
    // Busy; made available again with the same place, it may be loaded again.
    EXPECT_EQ(set_guest_tr(vcpu, HardenedMachine::tss_selector), Error::bad_selector);
    const std::uint64_t available = machine.gdt_slot(slot) & ~SegmentDescriptor::busy_bit;
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, slot, available), Error::none);
    EXPECT_EQ(set_guest_tr(vcpu, HardenedMachine::tss_selector), Error::none);
}

TEST_F(Tables, AnotherGdtMustKeepTheKernel) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t other = Machine::linear_base + page;
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 * 8 - 1, other}), Error::kernel_segment);
    std::memcpy(direct_pointer(page), direct_pointer(machine.physical(machine.gdt)), 128);
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 - 1, other}), Error::kernel_segment); // cut off
    machine.word(page + 6 * 8) = call_gate;
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 * 8 - 1, other}), Error::call_gate);
    EXPECT_EQ(rights(other), EptRights::all); // refused: given back
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    machine.word(page + 6 * 8) = tls;
    EXPECT_EQ(set_guest_gdtr(vcpu, {8 * 8 - 1, other}), Error::none);
    EXPECT_EQ(machine.word(page + 6 * 8), tls | accessed);
    EXPECT_EQ(rights(other), EptRights::read_execute);
    EXPECT_EQ(rights(machine.gdt), EptRights::all);
}

TEST_F(Tables, TableRanges) {
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, ~std::uint64_t{0} - 100}), Error::bad_address); // wraps
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, 0x7FFFFFFFFFC0}), Error::bad_address); // leaves the half
    EXPECT_EQ(set_guest_gdtr(vcpu, {127, Machine::linear_base + fake_ram_size}),
              Error::bad_address); // the monitor's memory
    EXPECT_EQ(set_guest_gdtr(vcpu, {126, machine.gdt}), Error::bad_limit);
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
}

TEST_F(Tables, LdtIsTakenOverAndGivenBack) {
    const std::uint64_t page = machine.take_guest_page();
    const std::uint64_t ldt = Machine::linear_base + page;
    const SystemDescriptor descriptor{descriptor_from_segment({0x50, ldt, 63, {0x82}}), ldt >> 32};
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 11, descriptor.high), Error::none);
    EXPECT_EQ(tables.write_gdt_entry(machine.gdt, 10, descriptor.low), Error::none);
    EXPECT_EQ(set_guest_ldtr(vcpu, 0x50), Error::none);
    EXPECT_EQ(rights(ldt), EptRights::read_execute);
    EXPECT_EQ(machine.fields[Field::guest_ldtr_base], ldt);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 3, tls), Error::none);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 8, tls), Error::index_out_of_range);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 3, call_gate), Error::call_gate);
    EXPECT_EQ(set_guest_ldtr(vcpu, 0), Error::none);
    EXPECT_EQ(rights(ldt), EptRights::all);
    EXPECT_EQ(tables.write_ldt_entry(ldt, 3, tls), Error::not_current_table);
}

TEST_F(Tables, StoresOfEverySize) {
    AllTables& all = machine.machine().tables;
    const std::uint64_t slot = machine.physical(machine.gdt) + 6 * 8;
    StoreVerdict verdict = all.store(slot, 8, tls);
    EXPECT_EQ(verdict.error, Error::none);
    EXPECT_EQ(verdict.kind, MemoryAccess::gdt_write);
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(all.store(slot + 2, 2, 0xBEEF).error, Error::none); // base, bits 15:0
    EXPECT_EQ(machine.gdt_slot(6), (tls | accessed | std::uint64_t{0xBEEF} << 16));
    EXPECT_EQ(all.store(slot + 5, 1, 0x8C).error, Error::call_gate); // type alone
    EXPECT_EQ(all.store(slot + 4, 4, 0).error, Error::none);
    EXPECT_EQ(machine.gdt_slot(6) >> 32, 0U);
    EXPECT_EQ(all.store(slot + 4, 8, tls >> 32 | tls << 32).error, Error::none); // two slots
    EXPECT_EQ(all.store(machine.physical(machine.gdt) + 200, 8, call_gate).kind,
              MemoryAccess::unprotected); // beside the table: no descriptor
    EXPECT_EQ(all.store(machine.physical(machine.tss) + 4, 8, 0x1234).kind,
              MemoryAccess::tss_write);
}

TEST_F(Tables, SteppedStoreIsJudgedBeforeItIsSeen) {
    const std::uint64_t page = machine.physical(machine.gdt);
    AllTables& all = machine.machine().tables;
    PageImage& pages = vcpu.step_pages->images[0];
    const auto image_slot = [&](std::uint32_t index, std::uint64_t value) {
        std::memcpy(&pages.now[index * 8], &value, sizeof(value));
    };
    const auto begin = [&] {
        std::memcpy(pages.before.data(), direct_pointer(page), page_size);
        pages.now = pages.before;
    };
    begin();
    image_slot(6, tls);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(all.apply(page, pages.before.data(), pages.now.data()), Error::none);
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    begin();
    image_slot(7, tls);
    image_slot(8, call_gate);
    EXPECT_EQ(all.apply(page, pages.before.data(), pages.now.data()), Error::call_gate);
    EXPECT_EQ(machine.gdt_slot(7), 0U); // nothing of it
    EXPECT_EQ(machine.gdt_slot(8), 0U);
}

} // namespace
} // namespace hv::test
