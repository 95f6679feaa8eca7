// Roots that lie where the guest has its own, and what is guessed of a kernel that announces
// nothing.

#include "hypervisor/vmx/controls.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class Displaced : public ClassicCase {
  protected:
    Displaced() : ClassicCase{256, true} {}

    const std::uint64_t other = make_bare_root();

    /// Loads, each with an exit, until the root is displaced.
    void heat(std::uint64_t root) {
        for (int load = 0; load < 20 && machine.fields[Field::guest_cr3] != root; ++load) {
            move_to_cr3(machine.root);
            move_to_cr3(root);
        }
        ASSERT_EQ(machine.fields[Field::guest_cr3], root);
    }
    bool reads_exit() {
        return (machine.fields[Field::primary_processor_based_controls] &
                primary_processor_based::cr3_store_exiting) != 0;
    }
    bool invlpg_exits() {
        return (machine.fields[Field::primary_processor_based_controls] &
                primary_processor_based::invlpg_exiting) != 0;
    }
    std::uint64_t exits() { return vcpu.statistics.exits; }
    /// What the processor reads through the kernel's map of all memory.
    std::uint64_t read_by_processor(std::uint64_t gpa) {
        for (int attempt = 0; attempt < 2; ++attempt) {
            const auto result = cpu.translate(Machine::linear_base + gpa, {});
            if (result.translated)
                return machine.word(result.physical);
            fault(Machine::linear_base + gpa);
        }
        ADD_FAILURE() << "not mapped";
        return 0;
    }
};

TEST_F(Displaced, ALoadThenCostsNoExit) {
    heat(other);
    heat(machine.root);
    const std::uint64_t before = exits();
    EXPECT_TRUE(cpu.load_cr3(other));
    EXPECT_EQ(guest_cr3(vcpu), other);
    EXPECT_TRUE(cpu.load_cr3(machine.root));
    EXPECT_EQ(guest_cr3(vcpu), machine.root);
    EXPECT_EQ(exits(), before);
    EXPECT_FALSE(reads_exit());
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Displaced, ReadsOfCr3ExitWhereTheRootLiesElsewhere) {
    heat(other);
    EXPECT_FALSE(reads_exit());
    move_to_cr3(make_bare_root());
    EXPECT_TRUE(reads_exit());
}

TEST_F(Displaced, TheGuestSeesItsOwnTable) {
    const std::uint64_t entry = other + 511 * 8;
    const std::uint64_t value = machine.word(entry);
    EXPECT_EQ(read_by_processor(entry) & ~used, value & ~used);
    heat(other);
    EXPECT_EQ(machine.word(entry) & ~used, value & ~used);
    EXPECT_NE(machine.hardware_word(entry) & ~used, value & ~used); // the shadow
    EXPECT_EQ(read_by_processor(entry) & ~used, value & ~used);
}

TEST_F(Displaced, AStorePutsItBack) {
    heat(other);
    move_to_cr3(other);
    store(other + 8, 0);
    EXPECT_NE(machine.fields[Field::guest_cr3], other);
    EXPECT_FALSE(shadows.is_displaced(current_shadow_root(vcpu)));
    EXPECT_EQ(guest_cr3(vcpu), other);
    EXPECT_TRUE(reads_exit());
    store(other + 8, 0x1122);
    EXPECT_EQ(machine.word(other + 8), 0x1122U);
    EXPECT_EQ(machine.hardware_word(other + 8), 0x1122U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Displaced, NoTargetWhileATableBelowIsOutOfStep) {
    map_page(page, 7);
    heat(other);
    heat(machine.root);
    fault(page);
    store(guest_entry(page, 1), 0);
    ASSERT_TRUE(shadows.has_unsynced());
    EXPECT_FALSE(cpu.load_cr3(machine.root)); // leads to it
    EXPECT_TRUE(cpu.load_cr3(other));         // does not
    for (int load = 0; load < 8; ++load)
        move_to_cr3(machine.root);
    EXPECT_FALSE(shadows.has_unsynced());
    EXPECT_TRUE(cpu.load_cr3(machine.root));
}

TEST_F(Displaced, InvlpgExitsOnlyWhileATableIsOutOfStep) {
    map_page(page, 7);
    fault(Machine::linear_base + 0x100000);
    EXPECT_FALSE(invlpg_exits());
    fault(page); // stores are expected
    EXPECT_TRUE(invlpg_exits());
    for (int load = 0; load < 8; ++load)
        move_to_cr3(machine.root);
    EXPECT_FALSE(invlpg_exits());
}

// A page that is copied when it is written to: the kernel is told, changes the entry, invalidates.
TEST_F(Displaced, ACopiedPageCostsTwoExits) {
    heat(machine.root);
    heat(other);
    const std::uint64_t first = map_page(page, paging::present | used);
    map_page(page + page_size, 7 | used);
    move_to_cr3(machine.root);
    const std::uint64_t entry = guest_entry(page, 1);
    store(entry | 0xFF8, 0); // the table's page is dirty
    fault(page);             // stores are expected
    EXPECT_TRUE(invlpg_exits());
    EXPECT_FALSE(cpu.load_cr3(machine.root));
    fault(page, write | fault_code::user); // read-only: the guest's own
    const std::uint64_t before = exits();
    EXPECT_TRUE(reflected(fault_code::present | write | fault_code::user));
    EXPECT_FALSE(invlpg_exits());
    EXPECT_TRUE(cpu.load_cr3(machine.root));
    EXPECT_EQ(shadow_entry(page, 2), 0U);
    const std::uint64_t copy = machine.take_guest_page();
    store(entry, copy | 7 | used);
    store(entry + 16, first | 7 | used);
    EXPECT_EQ(exits(), before);
    EXPECT_TRUE(shadows.consistent());
    fault(page + page_size);
    EXPECT_EQ(leaf(page) & paging::address_mask, copy);
    EXPECT_EQ(leaf(page + 2 * page_size) & paging::address_mask, first);
    EXPECT_TRUE(invlpg_exits());
    EXPECT_FALSE(cpu.load_cr3(machine.root));
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Displaced, ATableSetAsideGoesWithItsEntry) {
    map_page(page, paging::present | used);
    fault(page);
    const std::uint64_t table = guest_entry(page, 1);
    ASSERT_TRUE(shadows.has_unsynced());
    fault(page, write);
    store(guest_entry(page, 2), 0);
    EXPECT_FALSE(shadows.has_unsynced());
    EXPECT_EQ(frame(table).first_shadow, 0U);
    EXPECT_TRUE(shadows.consistent());
}

// A page that was a page table of level 1, then one of level 3, and is now neither: ordinary
// memory.
TEST_F(Displaced, APageWithOldShadowsCostsOneExit) {
    map_page(page, paging::present | used);
    fault(page);
    fault(page, write);
    const std::uint64_t table = align_down(guest_entry(page, 1), page_size);
    machine.word(guest_entry(page, 2)) = 0; // behind the monitor's back
    frame(table).level = 3;
    shadows.prepare(frame(table));
    frame(table).level = 0;
    ASSERT_TRUE(shadows.has_unsynced());
    store(table + 8, 0);
    const std::uint64_t before = exits();
    store(table + 16, 0);
    EXPECT_EQ(exits(), before);
    EXPECT_EQ(frame(table).first_shadow, 0U);
}

// The entry that led to it leads to another one meanwhile, or is another table's.
TEST_F(Displaced, ATableSetAsideComesBackOnlyWhereItBelongs) {
    constexpr std::uint64_t base = 0x40000000;
    map_page(base, paging::present | used);
    map_page(base + large_page_size, paging::present | used);
    fault(base);
    fault(base, write);
    const std::uint64_t directory = guest_entry(base, 2);
    machine.word(directory) = machine.word(directory + 8); // behind the monitor's back
    fault(base + large_page_size);
    EXPECT_EQ(shadow_entry(base, 2), 0U);
}

TEST_F(Displaced, TheOldestGoesBackForAFifth) {
    std::array<std::uint64_t, 6> roots{};
    for (std::uint64_t& root : roots) {
        root = make_bare_root();
        heat(root);
    }
    // machine.root was loaded as often as all of them.
    std::uint32_t displaced = 0;
    for (const std::uint64_t root : roots)
        displaced += (frame(root).flags & frame_flags::displaced) != 0 ? 1U : 0U;
    displaced += (frame(machine.root).flags & frame_flags::displaced) != 0 ? 1U : 0U;
    EXPECT_EQ(displaced, 4U);
    EXPECT_NE(frame(roots[5]).flags & frame_flags::displaced, 0U);
    EXPECT_EQ(frame(roots[0]).flags & frame_flags::displaced, 0U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Displaced, TheFirstStoreToANewTableIsExpected) {
    map_page(page, 7 | used);
    store(guest_entry(page, 1) | 0xFF8, 0); // the table's page is dirty
    fault(page);
    const std::uint64_t before = exits();
    store(guest_entry(page, 1), 0);
    EXPECT_EQ(exits(), before);
    exit(abi::ExitReason::invlpg, page);
    EXPECT_EQ(shadow_entry(page, 1), 0U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Displaced, NeighboursAreUsedAlong) {
    constexpr std::uint64_t base = 0x40000000;
    std::uint64_t entries = 0;
    for (std::uint64_t number = 0; number < 70; ++number)
        map_page(base + number * page_size, paging::present | paging::writable);
    fault(base);
    entries = guest_entry(base, 1);
    for (std::uint64_t number = 0; number < 70; ++number) {
        EXPECT_EQ(machine.word(entries + number * 8) & used, number < 64 ? paging::accessed : 0)
            << number;
        EXPECT_EQ((shadow_entry(base + number * page_size, 1) & paging::present) != 0, number < 64)
            << number;
        EXPECT_EQ(shadow_entry(base + number * page_size, 1) & paging::writable, 0U) << number;
    }
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Displaced, TheEndOfAnAddressSpaceIsGuessed) {
    constexpr std::uint64_t base = 0x40000000;
    map_page(base, paging::present | paging::writable | used);
    map_page(base + large_page_size, paging::present | paging::writable | used);
    for (const int level : {2, 3}) // dirty, before they are tables that the monitor knows
        store(guest_entry(base, level) | 0xFF8, 0);
    fault(base);
    fault(base + large_page_size);
    const std::uint64_t directory = guest_entry(base, 2);
    const std::uint64_t pointers = guest_entry(base, 3);
    const std::uint64_t before = exits();
    store(directory, 0);
    const std::uint64_t cost = exits() - before;
    EXPECT_GT(cost, 0U);
    EXPECT_EQ(frame(directory).write_locks, 0U);
    EXPECT_EQ(frame(pointers).write_locks, 0U);
    store(directory + 8, 0);
    store(pointers, 0);
    EXPECT_EQ(machine.word(pointers), 0U);
    EXPECT_EQ(exits(), before + cost);
    EXPECT_TRUE(shadows.consistent());
}

} // namespace
} // namespace hv::test
