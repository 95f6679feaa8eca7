// The ROM's page-table calls and its root loads: what is queued, what is left out, what needs no
// exit. The same with an interrupt at every point.

#include "shared/call_table.h"
#include "shared/page_table_calls.h"
#include "shared/processors.h"
#include "tests/unit/fake/rom_machine.h"
#include "vmi_rom/entries.h"

#include <gtest/gtest.h>

namespace {

using abi::Call;
using abi::Error;
using test::Executed;
using test::RomMachine;

constexpr std::uint32_t no_mode = 0;
constexpr std::uint32_t mmu_mode = 1;
constexpr std::uint32_t cpu_mode = 2;
constexpr std::uint64_t base = 0xFFFFFFFF80000000;
constexpr std::uint64_t pages = 0x40000;

std::uint64_t value(Error error) { return static_cast<std::uint16_t>(error); }

class RomPageTables : public testing::Test {
  protected:
    RomPageTables() { EXPECT_EQ(rom::set_linear_mapping(0, base, pages, 0), 0); }

    RomMachine machine_;
};

TEST_F(RomPageTables, CallsReachTheMonitorWithPhysicalAddresses) {
    EXPECT_EQ(rom::set_pxe(0x1067, base + 0x5008, 0), 0);
    EXPECT_EQ(rom::update_pxe(base + 0x5010, 0), 0);
    EXPECT_EQ(rom::allocate_page(5, abi::page_flags::pml4 | abi::page_flags::clone, 4, 256, 255),
              0);
    EXPECT_EQ(rom::release_page(5, abi::page_flags::pml4), 0);
    const std::uint64_t options =
        abi::AllocateOptions{abi::page_flags::pml4 | abi::page_flags::clone, 256, 255}.encode();
    const std::vector<Executed> expected{{Call::set_pxe, {0x1067, 0x5008, 0}},
                                         {Call::update_pxe, {0x5010, 0, 0}},
                                         {Call::allocate_page, {5, 4, options}},
                                         {Call::release_page, {5, abi::page_flags::pml4, 0}}};
    EXPECT_EQ(machine_.executed, expected);
    EXPECT_EQ(machine_.hypercalls.size(), 4);

    rom::set_lazy_mode(mmu_mode);
    rom::set_pxe(1, base, 0);
    rom::set_pxe(2, base + 8, 0);
    EXPECT_EQ(machine_.queued(), 2);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    EXPECT_EQ(machine_.hypercalls.size(), 5);
}

TEST_F(RomPageTables, EachSlotTranslatesAndNoOther) {
    EXPECT_EQ(rom::set_linear_mapping(3, 0x7F0000000000, 2, 0x900), 0);
    EXPECT_EQ(rom::set_pxe(1, 0x7F0000001FF8, 0), 0);
    EXPECT_EQ(machine_.executed, (std::vector<Executed>{{Call::set_pxe, {1, 0x901FF8, 0}}}));
    for (const std::uint64_t entry :
         {std::uint64_t{0}, std::uint64_t{0x7F0000002000}, std::uint64_t{0x7EFFFFFFFFF8}, base - 8,
          base + pages * abi::page_size}) {
        EXPECT_EQ(rom::set_pxe(1, entry, 0), value(Error::no_linear_mapping)) << entry;
        EXPECT_EQ(rom::update_pxe(entry, 0), value(Error::no_linear_mapping)) << entry;
    }
    EXPECT_EQ(rom::set_linear_mapping(3, 0x7F0000000000, 0, 0), 0);
    EXPECT_EQ(rom::set_pxe(1, 0x7F0000001FF8, 0), value(Error::no_linear_mapping));
    EXPECT_EQ(machine_.executed.size(), 1);
    EXPECT_TRUE(machine_.interrupts_enabled);
}

TEST_F(RomPageTables, MappingsThatAreNoneAreRefused) {
    constexpr std::uint64_t all = ~std::uint64_t{0};
    EXPECT_EQ(rom::set_linear_mapping(abi::linear_mappings, base, 1, 0), value(Error::bad_slot));
    EXPECT_EQ(rom::set_linear_mapping(all, base, 1, 0), value(Error::bad_slot));
    EXPECT_EQ(rom::set_linear_mapping(1, base + 8, 1, 0), value(Error::bad_slot));
    EXPECT_EQ(rom::set_linear_mapping(1, base, 0x80001, 0), value(Error::bad_slot));
    EXPECT_EQ(rom::set_linear_mapping(1, base, all, 0), value(Error::bad_slot));
    EXPECT_EQ(rom::set_linear_mapping(1, 0, 2, all >> 12), value(Error::bad_slot));
    EXPECT_EQ(rom::set_linear_mapping(1, 0, 1, (all >> 12) + 1), value(Error::bad_slot));
    EXPECT_EQ(machine_.control().linear_mapping[1].pages, 0);
    EXPECT_EQ(rom::set_linear_mapping(1, base, 0x80000, 0), 0);
    EXPECT_EQ(rom::set_linear_mapping(1, 0, std::uint64_t{1} << 52, 0), 0);
}

TEST_F(RomPageTables, AHandlerNeverSeesAHalfWrittenMapping) {
    for (std::uint32_t n = 0;; ++n) {
        rom::set_linear_mapping(1, 0x10000, 16, 0x100);
        std::uint64_t result = 0;
        machine_.executed.clear();
        machine_.interrupt_after(n, [&] { result = rom::set_pxe(7, 0x18008, 0); });
        rom::set_linear_mapping(1, 0x18000, 8, 0x200);
        const bool at_its_end = !machine_.interrupted();
        machine_.interrupt_after(0, [] {});
        machine_.step();
        if (at_its_end) {
            break;
        }
        if (result == 0) {
            ASSERT_EQ(machine_.executed.size(), 1);
            const std::uint64_t entry = machine_.executed[0].argument[1];
            EXPECT_TRUE(entry == 0x108008 || entry == 0x200008) << entry;
        } else {
            EXPECT_EQ(result, value(Error::no_linear_mapping));
        }
    }
}

TEST_F(RomPageTables, InvalidationsAreLeftOutWhileNothingIsStale) {
    rom::set_lazy_mode(mmu_mode);
    rom::set_pxe(1, base, 0);
    EXPECT_EQ(rom::inval_page(0x1234), 0);
    EXPECT_EQ(rom::flush_tlb(abi::flush_flags::all), 0);
    EXPECT_EQ(machine_.queued(), 1);
    rom::set_pxe(1, base, abi::update_flags::defer);
    EXPECT_EQ(machine_.control().stale_translations, 1);
    EXPECT_EQ(rom::inval_page(0x1234), 0);
    EXPECT_EQ(rom::flush_tlb(abi::flush_flags::all), 0);
    EXPECT_EQ(machine_.queued(), 4);
    rom::set_lazy_mode(no_mode);
    EXPECT_EQ(machine_.executed[2], (Executed{Call::inval_page, {0x1234, 0, 0}}));
    EXPECT_EQ(machine_.executed[3], (Executed{Call::flush_tlb, {abi::flush_flags::all, 0, 0}}));
    rom::update_pxe(base, abi::update_flags::defer);
    EXPECT_EQ(machine_.control().stale_translations, 1);
}

TEST_F(RomPageTables, ShootdownOutsideAModeIsItsOwnExit) {
    constexpr std::uint64_t vcpus = 0xFFFFFFFFFFFFFFFE;
    EXPECT_EQ(rom::shootdown(vcpus, 0x5000), 0);
    EXPECT_EQ(machine_.hypercalls, std::vector<Call>{Call::shootdown});
    EXPECT_EQ(machine_.executed, (std::vector<Executed>{{Call::shootdown, {vcpus, 0x5000, 0}}}));
}

// However many translations there are, the other vCPUs are asked once, after the changes.
TEST_F(RomPageTables, ShootdownIsQueuedBehindTheChangesOfItsBatch) {
    rom::set_lazy_mode(mmu_mode);
    rom::set_pxe(1, base, abi::update_flags::defer);
    rom::set_pxe(2, base + 8, abi::update_flags::defer);
    EXPECT_EQ(rom::shootdown(0b1101, abi::every_address_space), 0);
    EXPECT_TRUE(machine_.hypercalls.empty());
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    EXPECT_EQ(machine_.hypercalls, std::vector<Call>{Call::flush});
    ASSERT_EQ(machine_.executed.size(), 3);
    EXPECT_EQ(machine_.executed[2],
              (Executed{Call::shootdown, {0b1101, abi::every_address_space, 0}}));
}

// Nothing being stale here says nothing of the other vCPUs.
TEST_F(RomPageTables, ShootdownIsNeverLeftOut) {
    ASSERT_EQ(machine_.control().stale_translations, 0);
    rom::set_lazy_mode(mmu_mode);
    rom::shootdown(2, 0x5000);
    EXPECT_EQ(machine_.queued(), 1);
}

TEST_F(RomPageTables, FlushTlbIsDoneHereWhereTheAnswerIsLocal) {
    machine_.control().answer[static_cast<std::uint32_t>(Call::flush_tlb)] =
        static_cast<std::uint8_t>(abi::Answer::local);
    EXPECT_EQ(rom::flush_tlb(abi::flush_flags::all), 0);
    EXPECT_EQ(machine_.translation_drops, 1);
    EXPECT_TRUE(machine_.hypercalls.empty());
}

// A full ring is flushed after the flag was checked, and that flush may clear the flag.
TEST_F(RomPageTables, ADeferredUpdateBehindAFullRingIsNoted) {
    rom::set_lazy_mode(mmu_mode);
    rom::set_pxe(1, base, abi::update_flags::defer);
    rom::flush_tlb(abi::flush_flags::all);
    while (machine_.queued() != abi::ring_capacity) {
        rom::set_pxe(1, base, 0);
    }
    rom::set_pxe(1, base, abi::update_flags::defer);
    EXPECT_EQ(machine_.queued(), 1);
    EXPECT_EQ(machine_.control().stale_translations, 1);
}

TEST(InterruptedPageTables, AHandlersInvalidationIsNeverLeftOutBehindADeferredUpdate) {
    for (const std::uint32_t mode : {no_mode, mmu_mode}) {
        for (std::uint32_t n = 0;; ++n) {
            RomMachine machine;
            rom::set_linear_mapping(0, base, pages, 0);
            if (mode != no_mode) {
                rom::set_lazy_mode(mode);
            }
            bool published = false;
            machine.interrupt_after(n, [&] {
                published = machine.queued() != 0 || !machine.executed.empty();
                rom::inval_page(0x1000);
            });
            rom::set_pxe(1, base, abi::update_flags::defer);
            const bool at_its_end = !machine.interrupted();
            if (mode != no_mode) {
                rom::set_lazy_mode(no_mode);
            }
            if (at_its_end) {
                break;
            }
            EXPECT_EQ(machine.stale, !published) << "mode " << mode << ", interrupt " << n;
            EXPECT_EQ(machine.control().stale_translations != 0, machine.stale);
        }
    }
}

/// Two roots that the monitor has named.
class RomRoots : public testing::Test {
  protected:
    RomRoots() {
        machine_.control().root_pair[1] = {0x1000, 0x91000};
        machine_.control().root_pair[3] = {0x2000, 0x92000};
    }

    RomMachine machine_;
};

TEST_F(RomRoots, AreLoadedWithoutAnExitInAModeAndOutside) {
    EXPECT_EQ(rom::set_cr3(0x1000), 0);
    rom::set_lazy_mode(cpu_mode);
    EXPECT_EQ(rom::set_cr3(0x2000), 0);
    EXPECT_EQ(machine_.cr3, 0x2000);
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    EXPECT_EQ(machine_.root_loads, (std::vector<std::uint64_t>{0x91000, 0x92000}));
    EXPECT_EQ(machine_.control().root_loads, 2);
    EXPECT_EQ(rom::get_cr3(), 0x2000);
    EXPECT_TRUE(machine_.hypercalls.empty());
    EXPECT_TRUE(machine_.interrupts_enabled);
}

TEST_F(RomRoots, OthersGoToTheMonitor) {
    EXPECT_EQ(rom::set_cr3(0x3000), 0);
    EXPECT_EQ(rom::set_cr3(abi::no_root), 0); // equal to a free pair, and yet no root
    EXPECT_EQ(machine_.executed, (std::vector<Executed>{{Call::set_cr3, {0x3000, 0, 0}},
                                                        {Call::set_cr3, {abi::no_root, 0, 0}}}));
    EXPECT_TRUE(machine_.root_loads.empty());
    EXPECT_EQ(machine_.control().root_loads, 0);
}

TEST_F(RomRoots, WaitBehindWhatIsQueued) {
    rom::set_lazy_mode(cpu_mode);
    rom::write_gdt_entry(1, 2, 3);
    EXPECT_EQ(rom::set_cr3(0x1000), 0);
    EXPECT_EQ(machine_.queued(), 2);
    EXPECT_TRUE(machine_.root_loads.empty());
    EXPECT_EQ(rom::set_lazy_mode(no_mode), 0);
    EXPECT_EQ(machine_.executed.back(), (Executed{Call::set_cr3, {0x1000, 0, 0}}));
}

TEST_F(RomRoots, AWithdrawnOneExitsAndIsSetCr3) {
    machine_.before_root_load = [this] {
        machine_.control().root_pair[1].guest_root = abi::no_root;
    };
    EXPECT_EQ(rom::set_cr3(0x1000), 0);
    EXPECT_EQ(machine_.root_exits, 1);
    EXPECT_EQ(machine_.executed, (std::vector<Executed>{{Call::set_cr3, {0x1000, 0, 0}}}));
    EXPECT_EQ(machine_.cr3, 0x1000);
}

TEST(InterruptedRoots, HandlersThatSwitchAndQueueLeaveTheRootRight) {
    for (const bool queues : {false, true}) {
        for (const std::uint32_t mode : {no_mode, cpu_mode}) {
            for (std::uint32_t n = 0;; ++n) {
                RomMachine machine;
                machine.control().root_pair[0] = {0x1000, 0x91000};
                machine.control().root_pair[1] = {0x2000, 0x92000};
                if (mode != no_mode) {
                    rom::set_lazy_mode(mode);
                }
                machine.interrupt_after(n, [&] {
                    const std::uint64_t before = rom::get_cr3();
                    rom::set_cr3(0x2000);
                    if (queues) {
                        rom::write_gdt_entry(1, 2, 3);
                    }
                    rom::set_cr3(before);
                });
                rom::set_cr3(0x1000);
                const bool at_its_end = !machine.interrupted();
                if (mode != no_mode) {
                    rom::set_lazy_mode(no_mode);
                }
                EXPECT_EQ(machine.cr3, 0x1000) << "mode " << mode << ", interrupt " << n;
                EXPECT_EQ(rom::get_cr3(), 0x1000);
                if (at_its_end) {
                    break;
                }
            }
        }
    }
}

} // namespace
