// Page tables that the guest has announced: what is refused, by name.

#include "shared/guest_physical_layout.h"
#include "tests/unit/cases/registered_case.h"

namespace hv::test {
namespace {

using abi::Error;

TEST_P(Registered, LevelsAndFrames) {
    const std::uint64_t gpa = machine.take_guest_page();
    EXPECT_EQ(allocate(gpa, 0), Error::bad_level);
    EXPECT_EQ(allocate(gpa, page_flags::pt | page_flags::pd), Error::bad_level);
    for (const std::uint64_t bad :
         {fake_ram_size, abi::rom_base, abi::vcpu_area_base, std::uint64_t{0xB8000},
          std::uint64_t{0xFEE00000}, ~std::uint64_t{0xFFF}})
        EXPECT_EQ(allocate(bad, page_flags::pt), Error::bad_frame) << bad;
    EXPECT_EQ(call_allocate_page(vcpu, ~std::uint64_t{0}, 0, page_flags::pt), Error::bad_frame);
    EXPECT_EQ(allocate(gpa, page_flags::pt | page_flags::pae | page_flags::zeroed), Error::none);
    EXPECT_EQ(allocate(gpa, page_flags::pt), Error::already_a_table);
    EXPECT_EQ(allocate(gpa, page_flags::pd), Error::already_a_table);
    EXPECT_EQ(allocate(machine.physical(machine.gdt), page_flags::pt), Error::protected_page);
    EXPECT_TRUE(machine.machine().translation.is_protected(gpa));
    EXPECT_EQ(release(gpa), Error::none);
    EXPECT_FALSE(machine.machine().translation.is_protected(gpa));
    EXPECT_EQ(release(gpa), Error::not_a_table);
    EXPECT_EQ(release(fake_ram_size), Error::bad_frame);
}

TEST_P(Registered, Clones) {
    const std::uint64_t source = table(1);
    const std::uint64_t page = machine.take_guest_page();
    for (std::uint64_t slot = 0; slot < 512; ++slot)
        ASSERT_EQ(set(source + slot * 8, (slot << 12) | 5), Error::none);
    const std::uint64_t clone = page_flags::pt | page_flags::clone;
    EXPECT_EQ(allocate(page, clone, machine.take_guest_page(), 0, 1), Error::not_a_table);
    EXPECT_EQ(allocate(page, page_flags::pd | page_flags::clone, source, 0, 1), Error::not_a_table);
    EXPECT_EQ(allocate(page, clone, page, 0, 1), Error::not_a_table); // itself
    for (const auto& [first, entries] : {std::pair<std::uint64_t, std::uint64_t>{0, 513},
                                         {512, 1},
                                         {513, 0},
                                         {1, 512},
                                         {0, ~std::uint64_t{0}},
                                         {1, 0xFFFFFFFF},
                                         {0xFFFF, 1},
                                         {0x10000, 0},
                                         {~std::uint64_t{0}, ~std::uint64_t{0}}})
        EXPECT_EQ(allocate(page, clone, source, first, entries), Error::clone_out_of_range)
            << first << ' ' << entries;
    machine.word(page + 8) = 0x7000 | 5;
    EXPECT_EQ(allocate(page, clone, source, 100, 3), Error::none);
    EXPECT_EQ(machine.word(page + 8), 0x7000U | 5);
    EXPECT_EQ(machine.word(page + 99 * 8), 0U);
    EXPECT_EQ(machine.word(page + 102 * 8), 102U << 12 | 5);
    EXPECT_EQ(machine.word(page + 103 * 8), 0U);
}

TEST_P(Registered, ARefusedAllocationChangesNothing) {
    const std::uint64_t leaves = table(1);
    const std::uint64_t source = table(2);
    ASSERT_EQ(set(source, leaves | 7), Error::none);
    const std::uint64_t page = machine.take_guest_page();
    machine.word(page) = 0x1234000; // not present
    machine.word(page + 8) = leaves | 7;
    machine.word(page + 511 * 8) = fake_ram_size | 7;
    const std::uint32_t links = frame(leaves).links;
    EXPECT_EQ(allocate(page, page_flags::pd | page_flags::clone, source, 0, 1), Error::bad_frame);
    EXPECT_EQ(machine.word(page), 0x1234000U);
    EXPECT_EQ(frame(leaves).links, links);
    EXPECT_EQ(frame(page).level, 0);
    EXPECT_FALSE(machine.machine().translation.is_protected(page));
}

TEST_P(Registered, EntriesThatMapPages) {
    const std::uint64_t leaves = table(1);
    const std::uint64_t directory = table(2);
    EXPECT_EQ(set(leaves, 0x123000 | 7), Error::none);
    EXPECT_EQ(set(leaves + 4, 0), Error::bad_alignment);
    EXPECT_EQ(set(fake_ram_size, 0), Error::bad_frame);
    EXPECT_EQ(set(leaves, fake_ram_size | 7), Error::bad_frame);
    EXPECT_EQ(set(leaves, fake_memory_end | 7), Error::bad_frame);
    EXPECT_EQ(set(leaves, std::uint64_t{1} << 45 | 7), Error::bad_entry);
    EXPECT_EQ(set(directory, 0x5000 | 0x87), Error::bad_entry); // not aligned
    EXPECT_EQ(set(directory, fake_ram_size | 0x87), Error::bad_frame);
    EXPECT_EQ(machine.word(leaves), 0x123007U);
    EXPECT_EQ(machine.word(directory), 0U);
    EXPECT_EQ(set(directory, 0x800000 | 0x87), Error::none);
    EXPECT_EQ(set(leaves, 0x123000 | 3), hardened ? Error::writable_code : Error::none);
    EXPECT_EQ(set(leaves, 0x123000 | 3 | no_execute), Error::none);
    EXPECT_EQ(set(leaves, 0x123000 | 1), Error::none);
    EXPECT_EQ(set(leaves, ~std::uint64_t{1}), Error::none); // not present: anything
}

TEST_P(Registered, EntriesThatLeadToTables) {
    const std::uint64_t leaves = table(1);
    const std::uint64_t directory = table(2);
    const std::uint64_t root = table(4);
    EXPECT_EQ(set(directory, directory | 7), Error::table_loop);
    EXPECT_EQ(set(directory, root | 7), Error::table_loop);
    EXPECT_EQ(set(root, leaves | 7), Error::not_a_table);
    EXPECT_EQ(set(root, directory | 7), Error::not_a_table);
    EXPECT_EQ(set(root, leaves | 0x87), Error::bad_entry); // PS
    EXPECT_EQ(set(directory, 0xA0000 | 7), Error::bad_frame);
    EXPECT_EQ(set(directory, fake_ram_size | 7), Error::bad_frame);
    const std::uint64_t page = machine.take_guest_page();
    EXPECT_EQ(set(directory, page | 7), hardened ? Error::not_a_table : Error::none);
    for (const std::uint64_t rights : {std::uint64_t{5}, std::uint64_t{3}, 7 | no_execute})
        EXPECT_EQ(set(directory, leaves | rights), hardened ? Error::table_rights : Error::none);
    EXPECT_EQ(set(directory, leaves | 7), Error::none);
    EXPECT_EQ(frame(leaves).links, 1U);
    EXPECT_EQ(release(leaves), Error::table_in_use);
    EXPECT_EQ(set(directory, 0), Error::none);
    EXPECT_EQ(release(leaves), Error::none);
}

TEST_P(Registered, PagesThatAreNone) {
    const std::uint64_t page = machine.take_guest_page();
    EXPECT_EQ(set(page, fake_ram_size | 7), Error::none); // a word of memory, as any other
    EXPECT_EQ(machine.word(page), fake_ram_size | 7);
    EXPECT_EQ(set(machine.physical(machine.gdt), 0), Error::protected_page);
    EXPECT_EQ(call_update_pxe(vcpu, page, 0, 0), Error::none);
    EXPECT_EQ(call_update_pxe(vcpu, fake_ram_size, 0, 0), Error::bad_frame);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Registered, registered_profiles(), profile_name);

} // namespace
} // namespace hv::test
