// The guest's page tables, walked by the monitor, and its memory at linear addresses.

#include "hypervisor/memory/guest_walk.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

class GuestWalk : public ::testing::Test {
  protected:
    Machine machine;
    GuestMemory& memory = machine.machine().memory;
    std::uint64_t root = machine.make_root();

    /// Eight bytes, 1 to 8.
    bool write(std::uint64_t linear) {
        constexpr std::uint8_t bytes[8]{1, 2, 3, 4, 5, 6, 7, 8};
        return write_guest_linear(memory, machine.machine().frames, root, linear, bytes, 8);
    }
};

TEST_F(GuestWalk, FindsPages) {
    const auto page = walk_guest(memory, root, Machine::linear_base + 0x123456);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->gpa, 0x123456U);
    EXPECT_TRUE(page->writable);
    EXPECT_FALSE(page->user);
}

TEST_F(GuestWalk, LargePages) {
    const std::uint64_t pointers = machine.take_guest_page();
    const std::uint64_t directory = machine.take_guest_page();
    machine.word(root) = pointers | 7;
    machine.word(pointers) = directory | 7;
    machine.word(pointers + 8) = 0x40000000 | 0x87; // 1 GiB
    machine.word(directory + 8) = 0x600000 | 0x81;  // 2 MiB, read-only
    EXPECT_EQ(walk_guest(memory, root, 0x212345)->gpa, 0x612345U);
    EXPECT_FALSE(walk_guest(memory, root, 0x212345)->writable);
    EXPECT_EQ(walk_guest(memory, root, 0x40000000 + 0x1234567)->gpa, 0x41234567U);
}

TEST_F(GuestWalk, NothingWhereThereIsNothing) {
    EXPECT_FALSE(walk_guest(memory, root, 0x800000000000));          // not canonical
    EXPECT_FALSE(walk_guest(memory, root, 0x1000));                  // not present
    EXPECT_FALSE(walk_guest(memory, fake_ram_size, 0x1000));         // root in the monitor's memory
    EXPECT_FALSE(walk_guest(memory, ~std::uint64_t{0xFFF}, 0x1000)); // root beyond all memory
    machine.word(root) = fake_ram_size | 7;                          // a table there
    EXPECT_FALSE(walk_guest(memory, root, 0x1000));
}

TEST_F(GuestWalk, TablesThatLoopEnd) {
    machine.word(root) = root | 7; // every level is the root
    const auto page = walk_guest(memory, root, 0);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->gpa, root);
}

TEST_F(GuestWalk, ReadsAndWritesAcrossPages) {
    // Two linear neighbours that are far apart in memory.
    const std::uint64_t first = machine.take_guest_page();
    machine.take_guest_page();
    const std::uint64_t second = machine.take_guest_page();
    machine.map(root, 0x10000, first, 7);
    machine.map(root, 0x11000, second, 7);
    ASSERT_TRUE(write(0x10FFC));
    EXPECT_EQ(machine.word(first + 0xFF8) >> 32, 0x04030201U);
    EXPECT_EQ(machine.word(second), 0x08070605U);
    std::uint8_t read[8]{};
    ASSERT_TRUE(read_guest_linear(memory, root, 0x10FFC, read, 8));
    for (std::uint8_t index = 0; index < 8; ++index)
        EXPECT_EQ(read[index], index + 1);
}

TEST_F(GuestWalk, WritesNothingUnlessAllCanBeWritten) {
    const std::uint64_t first = machine.take_guest_page();
    machine.map(root, 0x10000, first, 7);
    EXPECT_FALSE(write(0x10FFC)); // the next page is not
    EXPECT_EQ(machine.word(first + 0xFF8), 0U);
    machine.map(root, 0x10000, first, 5); // read-only
    EXPECT_FALSE(write(0x10000));
    machine.map(root, 0x10000, first, 3); // supervisor
    EXPECT_TRUE(write(0x10000));
    ASSERT_EQ(machine.machine().translation.protect(first), abi::Error::none);
    EXPECT_FALSE(write(0x10000));
    machine.machine().translation.release(first);
    std::uint8_t code[15]{};
    EXPECT_EQ(fetch_guest_code(memory, root, 0x10FFB, code, 15), 5U); // as far as there is code
}

} // namespace
} // namespace hv::test
