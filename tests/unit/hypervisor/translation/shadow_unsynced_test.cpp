// Level-1 tables that the guest writes freely until it invalidates.

#include "hypervisor/calls/call_handlers.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class Unsynced : public ClassicCase {
  protected:
    const std::uint64_t old_page = map_page(page, 7);
    const std::uint64_t new_page = machine.take_guest_page();
    const std::uint64_t entry = guest_entry(page, 1);

    Unsynced() {
        fault(page);
        store(entry, new_page | 7 | used);
    }
    std::uint64_t target() { return leaf(page) & paging::address_mask; }
};

TEST_F(Unsynced, StoresAreFreeAndHaveNoEffectYet) {
    EXPECT_EQ(count(abi::MemoryAccess::table_unsynced), 1U);
    EXPECT_TRUE(shadows.has_unsynced());
    EXPECT_EQ(machine.area().control.stale_translations, 1U);
    EXPECT_EQ(machine.word(entry), new_page | 7 | used);
    EXPECT_EQ(target(), old_page);
    const std::uint64_t exits = vcpu.statistics.exits;
    store(entry + 8, new_page | 7);
    EXPECT_EQ(vcpu.statistics.exits, exits);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Unsynced, InvlpgBringsOneEntryInStep) {
    store(entry + 8, new_page | 5 | used);
    exit(abi::ExitReason::invlpg, page);
    EXPECT_EQ(target(), new_page);
    EXPECT_EQ(machine.invalidations,
              (std::vector<Invalidated>{{Invalidated::By::invvpid, 0, 1, page}}));
    EXPECT_EQ(leaf(page + page_size), 0U);
    EXPECT_TRUE(shadows.has_unsynced());
}

TEST_F(Unsynced, ACr3LoadBringsAllBelowTheRootInStep) {
    move_to_cr3(machine.root);
    EXPECT_EQ(target(), new_page);
    EXPECT_TRUE(shadows.has_unsynced());
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Unsynced, WhatDoesNotChangeIsProtectedAgain) {
    for (int n = 0; n < 4; ++n)
        move_to_cr3(machine.root);
    EXPECT_FALSE(shadows.has_unsynced());
    EXPECT_EQ(leaf(Machine::linear_base + align_down(entry, page_size)) & paging::writable, 0U);
    store(entry, old_page | 7 | used);
    EXPECT_EQ(count(abi::MemoryAccess::table_unsynced), 2U);
}

TEST_F(Unsynced, AFaultShowsWhatTheGuestWrote) {
    store(entry + 8, new_page | 7);
    fault(page + page_size);
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(leaf(page + page_size), new_page | 5 | paging::accessed);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Unsynced, BitsTheMonitorSetsHideNoChange) {
    machine.word(entry) = fake_ram_size | 7; // the monitor's memory: marked as used, then refused
    fault(page);
    EXPECT_TRUE(refused());
    move_to_cr3(machine.root);
    EXPECT_EQ(leaf(page), 0U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Unsynced, LinkedElsewhereItIsInStep) {
    const std::uint64_t table = align_down(entry, page_size);
    ASSERT_EQ(call(abi::Call::set_pxe, table | 7 | used, guest_entry(page, 2) + 8),
              abi::Error::none);
    EXPECT_EQ(target(), new_page);
    EXPECT_EQ(leaf(page + 0x200000) & paging::address_mask, new_page);
}

TEST_F(Unsynced, LinkedWithATableAboveItIsInStep) {
    const std::uint64_t directory = align_down(guest_entry(page, 2), page_size);
    ASSERT_EQ(call(abi::Call::set_pxe, directory | 7 | used, guest_entry(page, 3) + 8),
              abi::Error::none);
    EXPECT_EQ(leaf(page + 0x40000000) & paging::address_mask, new_page);
}

TEST_F(Unsynced, CallsOfTheRom) {
    EXPECT_EQ(call(abi::Call::inval_page, page), abi::Error::none);
    EXPECT_EQ(target(), new_page);
    EXPECT_EQ(machine.area().control.stale_translations, 1U); // others may be stale still
    store(entry, old_page | 7 | used);
    EXPECT_EQ(call(abi::Call::flush_tlb, 3), abi::Error::none);
    EXPECT_EQ(target(), old_page);
    for (int n = 0; n < 4; ++n)
        EXPECT_EQ(call(abi::Call::flush_tlb, 3), abi::Error::none);
    EXPECT_FALSE(shadows.has_unsynced());
    EXPECT_EQ(machine.area().control.stale_translations, 0U);
}

TEST_F(Unsynced, RegisteredItIsInStepAndStaysSo) {
    const std::uint64_t table = align_down(entry, page_size);
    EXPECT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 1), abi::Error::none);
    EXPECT_FALSE(shadows.has_unsynced());
    store(entry, old_page | 7 | used);
    EXPECT_EQ(count(abi::MemoryAccess::table_write), 1U);
    fault(page);
    EXPECT_EQ(target(), old_page);
    EXPECT_TRUE(shadows.consistent());
}

// A table that is linked twice: INVLPG is for one of the two addresses.
TEST_F(Unsynced, WhatTheGuestHasYetToInvalidateDoesNotOutliveProtection) {
    const std::uint64_t alias = page + 0x200000;
    const std::uint64_t table = align_down(entry, page_size);
    const std::uint64_t third = machine.take_guest_page();
    machine.map(machine.root, alias + 0x200000, third, 7); // another table, to be linked over
    ASSERT_EQ(call(abi::Call::set_pxe, table | 7 | used, guest_entry(page, 2) + 8),
              abi::Error::none);
    fault(page, write);
    fault(alias, write);
    const auto reaches = [&](std::uint64_t gpa) {
        const ShadowProcessor::Result result = cpu.translate(alias, {.write = true});
        return result.translated && result.physical == gpa;
    };
    ASSERT_TRUE(reaches(new_page));
    store(entry, third | 7 | used);
    ASSERT_TRUE(shadows.has_unsynced());
    exit(abi::ExitReason::invlpg, page);
    ASSERT_TRUE(reaches(new_page)); // as it may
    ASSERT_EQ(frame(new_page).mappings, 0U);
    EXPECT_EQ(call(abi::Call::allocate_page, new_page / page_size, 0, 1), abi::Error::none);
    EXPECT_FALSE(reaches(new_page));
}

TEST_F(Unsynced, ThereAreNotManyOfThem) {
    for (std::uint64_t n = 1; n < 40; ++n) {
        const std::uint64_t linear = page + n * 0x200000;
        map_page(linear, 7);
        fault(linear);
        store(guest_entry(linear, 1), new_page | 7);
    }
    EXPECT_EQ(count(abi::MemoryAccess::table_unsynced), 40U);
    EXPECT_TRUE(shadows.consistent());
    move_to_cr3(machine.root);
    for (std::uint64_t n = 0; n < 40; ++n) {
        fault(page + n * 0x200000);
        EXPECT_EQ(leaf(page + n * 0x200000) & paging::address_mask, new_page) << n;
    }
}

} // namespace
} // namespace hv::test
