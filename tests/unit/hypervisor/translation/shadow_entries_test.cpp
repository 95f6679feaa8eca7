// Shadow entries: what they take over from the guest's, and when.

#include "shared/guest_physical_layout.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class ShadowEntries : public ClassicCase {};

TEST_F(ShadowEntries, AnEntryIsAbsentUntilTheGuestsIsAccessed) {
    const std::uint64_t gpa = map_page(page, 7);
    const std::uint64_t neighbour = map_page(page + page_size, 7);
    const std::uint64_t used_before = map_page(page + 2 * page_size, 7 | paging::accessed);
    fault(page, fault_code::user);
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(leaf(page), gpa | 5 | paging::accessed);
    EXPECT_NE(machine.word(guest_entry(page, 1)) & paging::accessed, 0U);
    EXPECT_NE(machine.word(guest_entry(page, 4)) & paging::accessed, 0U);
    EXPECT_EQ(leaf(page + page_size), 0U); // never accessed
    EXPECT_EQ(machine.word(guest_entry(page + page_size, 1)), neighbour | 7);
    EXPECT_EQ(leaf(page + 2 * page_size), used_before | 5 | paging::accessed);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(ShadowEntries, AnEntryIsNotWritableUntilTheGuestsIsDirty) {
    const std::uint64_t gpa = map_page(page, 7);
    fault(page);
    EXPECT_EQ(machine.word(guest_entry(page, 1)) & paging::dirty, 0U);
    fault(page, write | fault_code::present);
    EXPECT_EQ(leaf(page), gpa | 7 | used);
    EXPECT_EQ(machine.word(guest_entry(page, 1)), gpa | 7 | used);
    EXPECT_NE(frame(gpa).mappings, 0U);
    // The guest's own clearing is followed at once.
    EXPECT_EQ(call(abi::Call::set_pxe, gpa | 7 | paging::accessed, guest_entry(page, 1)),
              abi::Error::none);
    EXPECT_EQ(leaf(page), gpa | 5 | paging::accessed);
    EXPECT_EQ(frame(gpa).mappings, 0U);
    EXPECT_EQ(call(abi::Call::set_pxe, gpa | 7, guest_entry(page, 1)), abi::Error::none);
    EXPECT_EQ(leaf(page), 0U);
}

TEST_F(ShadowEntries, MemoryTypeGlobalAndRightsAreTakenOver) {
    const std::uint64_t bits = 3 | used | paging::cache_disable | paging::write_through |
                               paging::pat | paging::global | paging::execute_disable;
    const std::uint64_t gpa = map_page(page, bits | 0x600); // and two bits that are the guest's own
    fault(page);
    EXPECT_EQ(leaf(page), gpa | bits);
    EXPECT_EQ(shadow_entry(page, 2) & 7, 7U);
}

TEST_F(ShadowEntries, ALargePageIsMadeOfSmallOnes) {
    machine.map(machine.root, 0x40000000, 0, 0); // makes the tables
    machine.word(guest_entry(0x40200000, 2)) = 0x800000 | 0x87 | paging::large_pat;
    fault(0x40212345);
    EXPECT_EQ(leaf(0x40212345), 0x812000U | 7 | used | paging::pat);
    EXPECT_EQ(shadow_entry(0x40212345, 2) & paging::writable, 0U); // not dirty yet
    EXPECT_EQ(leaf(0x40213000), 0x813000U | 7 | used | paging::pat);
    fault(0x40212345, write | fault_code::present);
    EXPECT_NE(shadow_entry(0x40212345, 2) & paging::writable, 0U);
    EXPECT_NE(machine.word(guest_entry(0x40200000, 2)) & paging::dirty, 0U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(ShadowEntries, ALargePageOfOneGigabyte) {
    machine.map(machine.root, 0x40000000, 0, 0);
    machine.word(guest_entry(0x80000000, 3)) = 0 | 0x87 | used | paging::execute_disable;
    fault(0x80812345, write);
    EXPECT_EQ(leaf(0x80812345), 0x812000U | 7 | used);
    EXPECT_NE(shadow_entry(0x80812345, 3) & paging::execute_disable, 0U);
    EXPECT_EQ(leaf(0x80A00000), 0U); // other 2 MiB come with faults of their own
    fault(0x80A00000);
    EXPECT_EQ(leaf(0x80A00000), 0xA00000U | 7 | used);
    EXPECT_TRUE(shadows.consistent());
}

class MonitorPagesOfTheGuest : public ClassicCase {
  protected:
    std::uint64_t map_and_fault(std::uint64_t gpa, std::uint32_t code) {
        machine.map(machine.root, page, gpa, 7);
        fault(page, code);
        return leaf(page);
    }
};

TEST_F(MonitorPagesOfTheGuest, TheRomIsReadAndExecuted) {
    EXPECT_EQ(map_and_fault(abi::rom_base, fault_code::fetch), machine.rom_page | 5 | 0x20);
    EXPECT_EQ(event(), 0U);
    fault(page, write | fault_code::present);
    EXPECT_TRUE(refused());
    EXPECT_EQ(leaf(page) & paging::writable, 0U);
}

TEST_F(MonitorPagesOfTheGuest, TheAreaIsNeverExecuted) {
    const std::uint64_t area = direct_physical(&machine.area());
    EXPECT_EQ(map_and_fault(abi::vcpu_area_base, write), area | 7 | used | paging::execute_disable);
    fault(page, fault_code::fetch | fault_code::present);
    EXPECT_TRUE(refused());
}

TEST_F(MonitorPagesOfTheGuest, StatisticsAreReadOnly) {
    EXPECT_EQ(map_and_fault(abi::statistics_base, 0),
              machine.statistics_page | 5 | 0x20 | paging::execute_disable);
    fault(page, write | fault_code::present);
    EXPECT_TRUE(refused());
}

TEST_F(MonitorPagesOfTheGuest, TheMonitorsMemoryIsNowhere) {
    EXPECT_EQ(map_and_fault(fake_ram_size, 0), 0U);
    EXPECT_TRUE(refused());
    machine.map(machine.root, page + page_size, fake_memory_end, 7);
    fault(page + page_size);
    EXPECT_TRUE(refused());
    EXPECT_EQ(leaf(page + page_size), 0U);
    // Within a large page neither.
    machine.map(machine.root, 0x40000000, 0, 0);
    machine.word(guest_entry(0x80000000, 3)) = 0x87;
    fault(0x80000000 + fake_ram_size);
    EXPECT_TRUE(refused());
    EXPECT_EQ(leaf(0x80000000 + fake_ram_size), 0U);
}

class WriteProtection : public ClassicCase {};

TEST_F(WriteProtection, DescriptorTablesAndPageTables) {
    const std::uint64_t gdt = machine.gdt;
    fault(gdt);
    EXPECT_EQ(leaf(gdt) & paging::writable, 0U);
    map_page(page, 7);
    fault(page);
    for (int level = 1; level <= 4; ++level) {
        const std::uint64_t table = align_down(guest_entry(page, level), page_size);
        EXPECT_EQ(frame(table).write_locks, 1U) << level;
        fault(Machine::linear_base + table);
        EXPECT_EQ(leaf(Machine::linear_base + table) & paging::writable, 0U) << level;
    }
}

TEST_F(WriteProtection, APageThatBecomesATableIsWritableNowhere) {
    const std::uint64_t table = map_page(page, 7);
    fault(page, write);
    fault(Machine::linear_base + table, write);
    EXPECT_NE(leaf(page) & paging::writable, 0U);
    EXPECT_TRUE(cpu.translate(page, {.write = true}).translated); // and the processor has it cached
    EXPECT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 1), abi::Error::none);
    EXPECT_EQ(leaf(page) & paging::writable, 0U);
    EXPECT_EQ(leaf(Machine::linear_base + table) & paging::writable, 0U);
    EXPECT_FALSE(cpu.translate(page, {.write = true}).translated);
    EXPECT_EQ(call(abi::Call::release_page, table / page_size), abi::Error::none);
    fault(page, write | fault_code::present);
    EXPECT_NE(leaf(page) & paging::writable, 0U);
    EXPECT_TRUE(shadows.consistent());
}

} // namespace
} // namespace hv::test
