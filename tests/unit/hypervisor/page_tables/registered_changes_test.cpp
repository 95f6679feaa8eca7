// Page tables that the guest has announced: what changes with them, and what must be kept.

#include "hypervisor/exits/settle.h"
#include "hypervisor/registers/control_registers.h"
#include "tests/unit/cases/registered_case.h"
#include "tests/unit/fake/shadow_processor.h"

#include <cstring>

namespace hv::test {
namespace {

using abi::Error;

class RegisteredChanges : public Registered {};

TEST_P(RegisteredChanges, ReleasingATableTakesItsLinksBack) {
    const std::uint64_t leaves = table(1);
    const std::uint64_t directory = table(2);
    ASSERT_EQ(set(directory, leaves | 7), Error::none);
    ASSERT_EQ(set(directory + 8, leaves | 7), Error::none);
    ASSERT_EQ(set(directory + 16, 0x800000 | 0x87), Error::none);
    EXPECT_EQ(frame(leaves).links, 2U);
    EXPECT_EQ(release(directory), Error::none);
    EXPECT_EQ(frame(leaves).links, 0U);
    EXPECT_EQ(frame(0x800000).links, 0U);
}

TEST_P(RegisteredChanges, LinksAreCountedOverRandomSequences) {
    Random random{7};
    std::uint64_t tables[6];
    for (std::uint64_t& gpa : tables)
        gpa = table(1);
    const std::uint64_t directory = table(2);
    for (int n = 0; n < 20'000; ++n) {
        const std::uint64_t value = random.chance(20) ? 0 : tables[random.below(6)] | 7;
        ASSERT_EQ(set(directory + random.below(8) * 8, value), Error::none);
        if (n % 100 != 0)
            continue;
        for (const std::uint64_t gpa : tables) {
            std::uint32_t links = 0;
            for (std::uint64_t slot = 0; slot < 8; ++slot)
                links += machine.word(directory + slot * 8) == (gpa | 7) ? 1U : 0U;
            ASSERT_EQ(frame(gpa).links, links);
        }
    }
}

TEST_P(RegisteredChanges, ASteppedStoreIsJudgedByThePage) {
    const std::uint64_t leaves = table(1);
    ASSERT_EQ(set(leaves, 0x123000 | 5), Error::none);
    PageImage& pages = vcpu.step_pages->images[0];
    const auto image_slot = [&](std::uint32_t index, std::uint64_t value) {
        std::memcpy(&pages.now[index * 8], &value, sizeof(value));
    };
    const auto begin = [&] {
        std::memcpy(pages.before.data(), direct_pointer(leaves), page_size);
        pages.now = pages.before;
    };
    RegisteredTables& tables = machine.machine().page_tables;
    begin();
    image_slot(0, 0x124000 | 5);
    image_slot(1, fake_ram_size | 5);
    EXPECT_EQ(tables.apply(leaves, pages.before.data(), pages.now.data()), Error::bad_frame);
    EXPECT_EQ(machine.word(leaves), 0x123005U);
    EXPECT_EQ(machine.word(leaves + 8), 0U);
    begin();
    image_slot(0, 0x124000 | 5);
    EXPECT_EQ(machine.word(leaves), 0x123005U);
    EXPECT_EQ(tables.apply(leaves, pages.before.data(), pages.now.data()), Error::none);
    EXPECT_EQ(machine.word(leaves), 0x124005U);
}

TEST_P(RegisteredChanges, DeferredUpdatesLeaveTranslationsStale) {
    const std::uint64_t leaves = table(1);
    ASSERT_EQ(set(leaves, 0x123000 | 5 | paging::accessed), Error::none);
    settle(vcpu);
    EXPECT_FALSE(stale());
    ASSERT_EQ(set(leaves, 0x124000 | 5 | paging::accessed, abi::update_flags::defer), Error::none);
    EXPECT_TRUE(stale());
    EXPECT_EQ(vcpu.pending & pending::all_translations, 0);
    EXPECT_EQ(call_flush_tlb(vcpu, 3, 0, 0), Error::none);
    EXPECT_FALSE(stale());
    EXPECT_NE(vcpu.pending & pending::all_translations, 0);
    ASSERT_EQ(set(leaves, 0, abi::update_flags::defer), Error::none);
    EXPECT_TRUE(stale());
    EXPECT_EQ(call_inval_page(vcpu, 0x1000, 0, 0), Error::none);
    EXPECT_FALSE(stale());
    settle(vcpu);
    ASSERT_EQ(set(leaves, 0x124000 | 5 | paging::accessed, abi::update_flags::defer), Error::none);
    EXPECT_FALSE(stale()); // nothing was there that could be cached
    ASSERT_EQ(set(leaves, 0), Error::none);
    EXPECT_NE(vcpu.pending, 0);
}

TEST_P(RegisteredChanges, RootsOnceRegistered) {
    const std::uint64_t plain = machine.make_root();
    EXPECT_EQ(set_guest_cr3(vcpu, plain), Error::none);
    if (hardened)
        return;
    const std::uint64_t root = machine.make_root();
    EXPECT_EQ(allocate(root, page_flags::pml4), Error::none);
    EXPECT_EQ(set_guest_cr3(vcpu, root), Error::none);
    EXPECT_EQ(release(root), Error::table_in_use);
    EXPECT_EQ(set(root + 511 * 8, 0), Error::kept_mapping);
    EXPECT_EQ(set(root + 511 * 8, machine.word(root + 511 * 8) | paging::accessed), Error::none);
    EXPECT_EQ(set(root, 0), Error::none);
    EXPECT_EQ(set_guest_cr3(vcpu, plain), Error::none); // classic: both kinds
    EXPECT_EQ(release(root), Error::none);
}

INSTANTIATE_TEST_SUITE_P(Profiles, RegisteredChanges, registered_profiles(), profile_name);

// On hardened a root is registered with all that it leads to.
TEST(RegisteredRoots, StayTheOnlyOnes) {
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();
    const std::uint64_t plain = machine.make_root();
    const std::uint64_t root = machine.take_guest_page();
    std::array<std::uint64_t, 5> tables{};
    for (std::uint32_t level = 1; level <= 3; ++level)
        tables[level] = machine.take_guest_page();
    tables[4] = root;
    // The kernel's tables are below 2 MiB of the map: one table of each level maps them all.
    for (std::uint64_t slot = 0; slot < 512; ++slot)
        machine.word(tables[1] + slot * 8) = slot * page_size | 3 | paging::execute_disable;
    machine.word(tables[2]) = tables[1] | 7;
    machine.word(tables[3] + 510 * 8) = tables[2] | 7;
    machine.word(root + 511 * 8) = tables[3] | 7;
    for (std::uint32_t level = 1; level <= 4; ++level)
        ASSERT_EQ(
            call_allocate_page(vcpu, tables[level] / page_size, 0, abi::page_level_flag(level)),
            Error::none);
    EXPECT_EQ(set_guest_cr3(vcpu, root), Error::none);
    EXPECT_EQ(set_guest_cr3(vcpu, plain), Error::root_not_registered);
    EXPECT_EQ(set_guest_cr3(vcpu, tables[3]), Error::root_lacks_kernel);
    const std::uint64_t slot = tables[1] + (machine.physical(machine.gdt) >> 12) * 8;
    EXPECT_EQ(call_set_pxe(vcpu, 0, slot, 0), Error::kept_mapping);
    EXPECT_EQ(call_set_pxe(vcpu, 0, tables[2], 0), Error::kept_mapping);
    EXPECT_EQ(call_set_pxe(vcpu, 0, tables[2] + 8, 0), Error::none);
}

} // namespace
} // namespace hv::test
