// Profile classic on several vCPUs: roots, views of the per-vCPU area, and what is left stale.

#include "hypervisor/address_space/guest_access.h"
#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/control_registers.h"
#include "tests/unit/fake/shadow_processor.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <optional>

namespace hv::test {
namespace {

using abi::Error;

class TwoProcessors : public ::testing::Test {
  protected:
    ClassicMachine machine{256, 2};
    ShadowTables& shadows = machine.shadows();
    Random random{1};
    std::array<ShadowProcessor, 2> cpu{ShadowProcessor{machine, random, 0},
                                       ShadowProcessor{machine, random, 1}};

    static constexpr std::uint64_t code_page = 0x400000;
    static constexpr std::uint64_t page = 0x10000;

    TwoProcessors() {
        constexpr std::uint8_t code[]{0x48, 0x89, 0x17}; // mov %rdx,(%rdi)
        std::memcpy(direct_pointer(code_page), code, sizeof(code));
        for (std::uint32_t number = 0; number < 2; ++number) {
            machine.on(number, [&] {
                machine.fields[Field::guest_cs_access_rights] = 0xA09B;
                machine.fields[Field::guest_ss_access_rights] = 0xC093;
            });
        }
    }
    /// Where a load of vCPU `number` goes; faults are the monitor's.
    std::optional<std::uint64_t> load(std::uint32_t number, std::uint64_t linear,
                                      bool write = false) {
        std::optional<std::uint64_t> physical;
        machine.on(number, [&] {
            for (int attempt = 0; attempt < 4 && !physical; ++attempt) {
                const auto result = cpu[number].translate(linear, {.write = write});
                if (result.translated) {
                    physical = result.physical;
                } else {
                    machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
                    cpu[number].fault(linear, result.code);
                }
            }
        });
        return physical;
    }
    void load_root(std::uint32_t number, std::uint64_t root) {
        machine.on(number, [&] {
            EXPECT_EQ(set_guest_cr3(machine.vcpu(), root), Error::none);
            settle(machine.vcpu());
        });
    }
    std::uint32_t published(std::uint32_t number) {
        std::uint32_t count = 0;
        machine.on(number, [&] {
            for (std::uint32_t index = 0; index < abi::root_pairs; ++index) {
                const bool in_area =
                    machine.area().control.root_pair[index].guest_root != abi::no_root;
                EXPECT_EQ(machine.fields[target_fields[index]] != no_target, in_area);
                count += in_area ? 1U : 0U;
            }
        });
        return count;
    }
    std::uint64_t make_bare_root() {
        const std::uint64_t root = machine.take_guest_page();
        machine.word(root + 511 * 8) = machine.word(machine.root + 511 * 8);
        return root;
    }
    std::uint32_t& told_stale(std::uint32_t number) {
        return machine.vcpu(number).area->control.stale_translations;
    }
};

TEST_F(TwoProcessors, EachSeesItsOwnArea) {
    machine.map(machine.root, page, abi::vcpu_area_base, 7);
    for (const std::uint32_t number : {0U, 1U, 0U}) {
        const auto physical = load(number, page);
        ASSERT_TRUE(physical);
        EXPECT_EQ(*physical, direct_physical(machine.vcpu(number).area)) << number;
    }
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(TwoProcessors, EachSeesItsOwnAreaThroughATableTheyShared) {
    // Both have the table's shadow in common until the area is mapped there.
    const std::uint64_t data = machine.take_guest_page();
    machine.map(machine.root, page + page_size, data, 7);
    EXPECT_EQ(load(0, page + page_size), data);
    EXPECT_EQ(load(1, page + page_size), data);
    machine.map(machine.root, page, abi::vcpu_area_base, 7);
    for (const std::uint32_t number : {0U, 1U})
        EXPECT_EQ(load(number, page), direct_physical(machine.vcpu(number).area)) << number;
    EXPECT_EQ(load(0, page + page_size), data);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(TwoProcessors, ShareTheShadowsOfTheTablesTheyShare) {
    const std::uint64_t data = machine.take_guest_page();
    machine.map(machine.root, page, data, 7);
    EXPECT_EQ(load(0, page), data);
    const std::uint64_t built = machine.vcpu(1).statistics.shadow_built;
    EXPECT_EQ(load(1, page), data);
    EXPECT_EQ(machine.vcpu(1).statistics.shadow_built, built);
}

TEST_F(TwoProcessors, NoRootIsOfferedAnywhereWhileATableIsOutOfStep) {
    const std::uint64_t other = make_bare_root();
    for (const std::uint32_t number : {0U, 1U}) {
        load_root(number, other);
        load_root(number, machine.root);
        ASSERT_GE(published(number), 1U);
    }
    const std::uint64_t data = machine.take_guest_page();
    machine.map(machine.root, page, data, 7);
    ASSERT_TRUE(load(0, page));
    // A store to the level-1 table.
    const PageWalk walk = walk_pages<FourLevelPaging>(machine.machine().memory, machine.root, page,
                                                      machine.machine().features);
    ASSERT_TRUE(load(0, Machine::linear_base + walk.step[1].address, true));
    ASSERT_TRUE(shadows.has_unsynced());
    EXPECT_EQ(published(0), 0U);
    EXPECT_EQ(published(1), 0U);
    EXPECT_EQ(machine.vcpu(1).statistics.kicks_received, 1U);
    EXPECT_EQ(told_stale(1), 1U);
}

TEST_F(TwoProcessors, WhatOneMakesStaleTheOthersRomKnows) {
    const std::uint64_t table = machine.take_guest_page();
    ASSERT_EQ(
        call_allocate_page(machine.vcpu(0), table / page_size, 0,
                           abi::AllocateOptions::make(abi::page_level_flag(1), 0, 0).encode()),
        Error::none);
    settle(machine.vcpu(0));
    const std::uint64_t data = machine.take_guest_page();
    ASSERT_EQ(call_set_pxe(machine.vcpu(0), data | 7 | paging::accessed | paging::dirty, table, 0),
              Error::none);
    settle(machine.vcpu(0));
    told_stale(0) = told_stale(1) = 0;
    ASSERT_EQ(call_set_pxe(machine.vcpu(0), 0, table, 0), Error::none);
    settle(machine.vcpu(0));
    EXPECT_EQ(told_stale(0), 0U); // dropped
    EXPECT_EQ(told_stale(1), 1U);
    EXPECT_EQ(machine.vcpu(1).statistics.kicks_received, 0U); // left to the guest
    machine.on(1, [&] { drop_translations(machine.vcpu(1), Stale::non_global); });
    EXPECT_EQ(told_stale(1), 0U);
}

TEST_F(TwoProcessors, ADropOfSomeIsNotADropOfAll) {
    EXPECT_EQ(machine.machine().stale.note_left(0b10, Stale::non_global), 0b10U);
    EXPECT_EQ(machine.machine().stale.note_left(0b11, Stale::all), 0b01U); // vCPU 1 knows
    told_stale(1) = 1;
    machine.on(1, [&] { drop_translations(machine.vcpu(1), Stale::non_global); });
    EXPECT_EQ(told_stale(1), 1U);
    machine.on(1, [&] { drop_translations(machine.vcpu(1), Stale::all); });
    EXPECT_EQ(told_stale(1), 0U);
    EXPECT_TRUE(machine.machine().stale.has_left(0));
}

TEST_F(TwoProcessors, AnotherVcpuIsToldOfTheLast) {
    // Bit 63 of a mask is a vCPU's as any other.
    EXPECT_EQ(machine.machine().stale.note_left(std::uint64_t{1} << 63, Stale::all),
              std::uint64_t{1} << 63);
    EXPECT_TRUE(machine.machine().stale.has_left(63));
    EXPECT_TRUE(machine.machine().stale.clear_left(63, Stale::all));
}

TEST_F(TwoProcessors, AShadowInUseElsewhereIsNotGivenUp) {
    const std::uint64_t other = make_bare_root();
    load_root(1, other);
    const ShadowNumber theirs = machine.vcpu(1).roots.current.table;
    lock_page_tables(machine.vcpu(0));
    EXPECT_TRUE(shadows.drop_all());
    EXPECT_TRUE(shadows.drop(*machine.machine().frames.of_address(other)));
    unlock_page_tables(machine.vcpu(0));
    EXPECT_EQ(shadows.table(theirs).frame, other / page_size);
    EXPECT_EQ(shadows.table(theirs).level, 4);
}

TEST_F(TwoProcessors, AReleasedShadowIsForgottenByTheCacheItWasIn) {
    const std::uint64_t other = make_bare_root();
    load_root(1, other);
    load_root(1, machine.root);
    machine.on(1, [&] { withdraw_roots(machine.vcpu(1)); });
    RootCache& cache = machine.vcpu(1).roots.known;
    ASSERT_NE(cache.find(other), 0U);
    lock_page_tables(machine.vcpu(0));
    EXPECT_TRUE(shadows.drop_all());
    unlock_page_tables(machine.vcpu(0));
    EXPECT_EQ(cache.find(other), 0U);
    EXPECT_NE(cache.find(machine.root), 0U); // it runs there
}

} // namespace
} // namespace hv::test
