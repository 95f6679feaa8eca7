// The shadow tables' memory is bounded: what is given up comes back when it is needed.

#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

constexpr std::uint64_t many = 120; ///< tables of the guest's, of 2 MiB each

class Reclaim : public ClassicCase {
  protected:
    Reclaim() : ClassicCase{80} {
        for (std::uint64_t n = 0; n < many; ++n)
            pages[n] = map_page(linear(n), 7);
    }
    std::array<std::uint64_t, many> pages{};

    static std::uint64_t linear(std::uint64_t n) { return page + n * 0x200000; }
    void touch_all() {
        for (std::uint64_t n = 0; n < many; ++n) {
            fault(linear(n), write);
            ASSERT_EQ(leaf(linear(n)), pages[n] | 7 | used) << n;
        }
    }
};

TEST_F(Reclaim, MoreTablesThanThereIsMemoryFor) {
    const abi::Statistics& statistics = vcpu.statistics;
    EXPECT_EQ(statistics.shadow_limit, 79U);
    touch_all();
    EXPECT_GT(statistics.shadow_reclaimed, many - 80);
    EXPECT_EQ(statistics.shadow_in_use, statistics.shadow_built - statistics.shadow_reclaimed);
    EXPECT_LE(statistics.shadow_in_use, statistics.shadow_limit);
    EXPECT_TRUE(shadows.consistent());
    const std::uint64_t rebuilt = statistics.shadow_rebuilt;
    touch_all();
    EXPECT_GE(statistics.shadow_rebuilt - rebuilt, many - 80);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Reclaim, WhatTheProcessorHasCachedIsDropped) {
    fault(linear(0), write);
    ASSERT_TRUE(cpu.translate(linear(0), {.write = true}).translated);
    bool dropped = false;
    for (std::uint64_t n = 1; n < many; ++n) {
        fault(linear(n), write);
        dropped = dropped || (leaf(linear(0)) == 0 && !machine.invalidations.empty());
    }
    EXPECT_TRUE(dropped);
    EXPECT_FALSE(cpu.translate(linear(0), {.write = true}).translated);
}

TEST_F(Reclaim, RootsInUseStay) {
    const std::uint64_t other = make_bare_root();
    move_to_cr3(other);
    const std::uint64_t loaded = machine.fields[Field::guest_cr3];
    move_to_cr3(machine.root); // `other` stays published
    touch_all();
    EXPECT_EQ(shadows.table(shadows.at(loaded)).level, 4);
    EXPECT_EQ(shadows.table(shadows.at(loaded)).frame, other / page_size);
    EXPECT_EQ(shadows.table(current_shadow_root(vcpu)).frame, machine.root / page_size);
}

TEST_F(Reclaim, OrphansAreGivenUpAtOnce) {
    fault(linear(0), write);
    const std::uint64_t table = align_down(guest_entry(linear(0), 1), page_size);
    const std::uint64_t in_use = vcpu.statistics.shadow_in_use;
    EXPECT_EQ(frame(table).write_locks, 1U);
    EXPECT_EQ(call(abi::Call::set_pxe, 0, guest_entry(linear(0), 2)), abi::Error::none);
    EXPECT_EQ(vcpu.statistics.shadow_in_use, in_use - 1);
    EXPECT_EQ(frame(table).write_locks, 0U);
    EXPECT_FALSE(cpu.translate(linear(0), {}).translated);
}

TEST_F(Reclaim, RegisteredTablesKeepTheirShadows) {
    fault(linear(0), write);
    const std::uint64_t table = align_down(guest_entry(linear(0), 1), page_size);
    ASSERT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 1), abi::Error::none);
    EXPECT_EQ(call(abi::Call::set_pxe, 0, guest_entry(linear(0), 2)), abi::Error::none);
    EXPECT_EQ(frame(table).write_locks, 2U);
    // Linked again, it needs no fault.
    EXPECT_EQ(call(abi::Call::set_pxe, table | 7 | used, guest_entry(linear(0), 2)),
              abi::Error::none);
    EXPECT_EQ(leaf(linear(0)), pages[0] | 7 | used);
}

TEST_F(Reclaim, NxeDropsEverything) {
    touch_all();
    EXPECT_NE(leaf(linear(many - 1)), 0U);
    vcpu.registers.rcx = 0xC0000080;
    vcpu.registers.rax = 0x501;
    vcpu.registers.rdx = 0;
    exit(abi::ExitReason::msr_write, 0);
    EXPECT_EQ(leaf(linear(many - 1)), 0U);
    EXPECT_LE(vcpu.statistics.shadow_in_use, 2U); // the roots
    EXPECT_EQ(machine.invalidations,
              (std::vector<Invalidated>{{Invalidated::By::invvpid, 1, 1, 0}}));
    touch_all();
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(Reclaim, ABatchLinksTablesThatComeAndGo) {
    // Each link of a registered table may have to make its shadow, and to reclaim that of another.
    for (std::uint64_t n = 0; n < many; ++n) {
        const std::uint64_t table = align_down(guest_entry(linear(n), 1), page_size);
        ASSERT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 1), abi::Error::none);
    }
    const std::uint64_t directory = align_down(guest_entry(page, 2), page_size);
    ASSERT_EQ(call(abi::Call::allocate_page, directory / page_size, 0, 2), abi::Error::none);
    const std::uint64_t first = machine.word(directory);
    for (std::uint64_t n = 0; n < many; ++n)
        EXPECT_EQ(call(abi::Call::set_pxe, machine.word(directory + n * 8) | used, directory),
                  abi::Error::none);
    // What is taken out of the directory may be just what is reclaimed for what comes in.
    for (int n = 0; n < 3000; ++n) {
        const std::uint64_t table =
            align_down(guest_entry(linear(1 + random.below(many - 1)), 1), page_size);
        ASSERT_EQ(call(abi::Call::set_pxe, table | 7 | used, directory), abi::Error::none);
    }
    EXPECT_EQ(call(abi::Call::set_pxe, first, directory), abi::Error::none);
    EXPECT_TRUE(shadows.consistent());
    touch_all();
}

// One batch relinks a table and then changes it: the change lands in the new one.
TEST_F(Reclaim, ChangesFollowALinkInTheSameBatch) {
    fault(linear(0), write);
    const std::uint64_t table = machine.take_guest_page();
    ASSERT_EQ(call(abi::Call::allocate_page, table / page_size, 0, 1), abi::Error::none);
    abi::VcpuArea& area = machine.area();
    const auto queue = [&](std::uint64_t value, std::uint64_t entry) {
        area.entry[area.control.ring.tail++ % abi::ring_capacity] = {
            static_cast<std::uint16_t>(abi::Call::set_pxe), 0, 0, {value, entry, 0}};
    };
    queue(pages[1] | 7 | used, table + (page >> 12) * 8);
    queue(table | 7 | used, guest_entry(linear(0), 2));
    queue(pages[2] | 7 | used, table + (page >> 12) * 8);
    EXPECT_EQ(call(abi::Call::flush, 0), abi::Error::none);
    EXPECT_EQ(leaf(linear(0)), pages[2] | 7 | used);
    EXPECT_TRUE(shadows.consistent());
}

} // namespace
} // namespace hv::test
