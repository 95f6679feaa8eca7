// The ROM's producer side with a VM exit, which drains the ring, between any two of its accesses:
// those with interrupts off too. What is published is complete.

#include "tests/unit/fake/rom_machine.h"
#include "vmi_rom/entries.h"

#include <gtest/gtest.h>

namespace {

using abi::Call;
using test::Executed;
using test::RomMachine;

constexpr auto none = static_cast<std::uint32_t>(abi::LazyMode::none);
constexpr auto cpu_mode = static_cast<std::uint32_t>(abi::LazyMode::cpu);

/// Queues `count` calls in a lazy mode, of which the exit may come in the last four or the leave.
/// Returns whether it came.
bool run_with_exit(RomMachine& machine, std::uint64_t count, std::uint32_t after) {
    rom::set_lazy_mode(cpu_mode);
    for (std::uint64_t n = 0; n < count; ++n) {
        if (n + 4 == count) {
            machine.exit_after(after);
        }
        rom::write_gdt_entry(n, n + 1, n + 2);
    }
    rom::set_lazy_mode(none);
    return machine.exited();
}

TEST(DrainedProducer, EachCallIsExecutedOnceInOrderWhereverAnExitDrains) {
    for (const std::uint64_t count : {std::uint64_t{4}, std::uint64_t{abi::ring_capacity} + 2}) {
        std::vector<Executed> calls;
        for (std::uint64_t n = 0; n < count; ++n) {
            calls.push_back({Call::write_gdt_entry, {n, n + 1, n + 2}});
        }
        for (const std::uint32_t first : {0U, 0xFFFFFFFEU}) {
            std::uint32_t after = 0;
            for (bool exited = true; exited; ++after) {
                RomMachine machine{first};
                exited = run_with_exit(machine, count, after);
                ASSERT_EQ(machine.executed, calls) << "first " << first << ", after " << after;
                ASSERT_EQ(machine.queued(), 0U);
            }
            EXPECT_GT(after, 4U * 7U); // the accesses of four calls
        }
    }
}

} // namespace
