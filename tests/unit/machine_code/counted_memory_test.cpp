// The tool that counts accesses to the guest's memory sees what the compiled code does.

#include "tests/unit/fake/machine.h"
#include "tests/unit/machine_code/counted_memory.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

TEST(CountedMemory, SeesWhatTheCompiledCodeDoes) {
    HardenedMachine machine;
    const std::uint64_t page = machine.take_guest_page();
    volatile std::uint64_t& word = direct_word<std::uint64_t>(page);
    const auto accesses = count_accesses([&] {
        const std::uint64_t first = word;
        const std::uint64_t again = word;
        direct_word<std::uint16_t>(page + 9) = static_cast<std::uint16_t>(first + again);
        set_bits(page + 16, 1);
        direct_word<std::uint64_t>(machine.physical(machine.gdt)) = 0;
    });
    ASSERT_EQ(accesses.size(), 5U);
    const auto is = [&](std::size_t index, std::uint64_t physical, std::uint32_t size, bool read,
                        bool write) {
        const CountedAccess& access = accesses[index];
        return access.physical == physical && access.size == size && access.read == read &&
               access.write == write;
    };
    EXPECT_TRUE(is(0, page, 8, true, false));
    EXPECT_TRUE(is(1, page, 8, true, false));
    EXPECT_TRUE(is(2, page + 9, 2, false, true));
    EXPECT_TRUE(is(3, page + 16, 8, true, true)); // LOCK OR
    EXPECT_TRUE(is(4, machine.physical(machine.gdt), 8, false, true));
    EXPECT_FALSE(accesses[3].protected_page);
    EXPECT_TRUE(accesses[4].protected_page);
    const auto reads = reads_of_writable(accesses);
    EXPECT_EQ(reads.at(page), 2U);
    EXPECT_EQ(reads.at(page + 7), 2U);
    EXPECT_EQ(reads.at(page + 16), 1U);
    EXPECT_EQ(reads.size(), 16U);
}

} // namespace
} // namespace hv::test
