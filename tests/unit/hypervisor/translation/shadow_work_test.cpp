// What one VM exit does is bounded, whatever the guest has built; the rest is left to later exits.

#include "hypervisor/address_space/page_table_lock.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class ShadowWork : public ClassicCase {
  protected:
    ShadowWork() : ClassicCase{256} {}

    static constexpr std::uint64_t table_size = 0x200000; ///< what a table of level 1 maps
    static constexpr std::uint64_t first = 0x40000000;

    /// `tables` tables of level 1 whose 512 entries all map `gpa`, writable, each with its shadow.
    void map_often(std::uint64_t gpa, std::uint64_t tables) {
        for (std::uint64_t n = 0; n < tables; ++n) {
            machine.map(machine.root, first + n * table_size, gpa, 7 | used);
            const std::uint64_t table =
                align_down(guest_entry(first + n * table_size, 1), page_size);
            for (std::uint64_t slot = 0; slot < shadow_slots; ++slot)
                machine.word(table + slot * 8) = gpa | 7 | used;
            fault(first + n * table_size, write);
        }
    }
    std::uint32_t mappings(std::uint64_t gpa) {
        std::uint32_t count = 0;
        for (std::uint64_t n = 0; n < 32; ++n)
            for (std::uint64_t slot = 0; slot < shadow_slots; ++slot)
                count +=
                    (leaf(first + n * table_size + slot * page_size) & paging::address_mask) == gpa;
        return count;
    }
    /// Executes a call as the guest does, until it does not return to VMCALL. Returns how many VM
    /// exits that takes.
    std::uint32_t call_until_done(abi::Call number, std::uint64_t argument,
                                  std::uint64_t options = 0) {
        for (std::uint32_t exits = 1; exits < 100; ++exits) {
            (void)call(number, argument, 0, options);
            if (machine.fields[Field::guest_rip] != Machine::linear_base + code_page)
                return exits;
        }
        return 0;
    }
};

TEST_F(ShadowWork, APageThatIsMappedVeryOftenIsRegisteredInSeveralExits) {
    const std::uint64_t gpa = machine.take_guest_page();
    std::memset(direct_pointer(gpa), 0, page_size);
    map_often(gpa, 20);
    const std::uint32_t before = mappings(gpa);
    ASSERT_EQ(before, 20 * shadow_slots);
    (void)call(abi::Call::allocate_page, gpa / page_size, 0, 1);
    EXPECT_EQ(machine.fields[Field::guest_rip], Machine::linear_base + code_page);
    EXPECT_EQ(frame(gpa).level, 0);
    EXPECT_EQ(frame(gpa).write_locks, 0U);
    EXPECT_EQ(mappings(gpa), before - ShadowTables::work_per_exit);
    EXPECT_TRUE(shadows.consistent());
    EXPECT_EQ(call_until_done(abi::Call::allocate_page, gpa / page_size, 1), 2U);
    EXPECT_EQ(frame(gpa).level, 1);
    EXPECT_EQ(mappings(gpa), 0U);
    EXPECT_FALSE(cpu.translate(first, {.write = true}).translated);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(ShadowWork, APageTableThatIsMappedVeryOftenIsUsedAfterSeveralFaults) {
    const std::uint64_t target = map_page(page, 7 | used);
    const std::uint64_t table = align_down(guest_entry(page, 1), page_size);
    map_often(table, 20);
    std::uint32_t faults = 0;
    while (!cpu.translate(page, {}).translated && faults < 10) {
        fault(page);
        ++faults;
        ASSERT_TRUE(shadows.consistent());
    }
    EXPECT_EQ(faults, 3U);
    EXPECT_EQ(leaf(page), target | 7 | used);
    EXPECT_FALSE(cpu.translate(first, {.write = true}).translated);
}

TEST_F(ShadowWork, AReleasedPageIsMadeWritableWhereItIsUsed) {
    const std::uint64_t gpa = machine.take_guest_page();
    std::memset(direct_pointer(gpa), 0, page_size);
    ASSERT_EQ(call(abi::Call::allocate_page, gpa / page_size, 0, 1), abi::Error::none);
    map_often(gpa, 4);
    const auto writable = [&] {
        std::uint32_t count = 0;
        for (std::uint64_t n = 0; n < 4; ++n)
            for (std::uint64_t slot = 0; slot < shadow_slots; ++slot)
                count += (leaf(first + n * table_size + slot * page_size) & paging::writable) != 0;
        return count;
    };
    ASSERT_EQ(mappings(gpa), 4 * shadow_slots);
    ASSERT_EQ(writable(), 0U);
    EXPECT_EQ(call_until_done(abi::Call::release_page, gpa / page_size), 1U);
    EXPECT_EQ(writable(), ShadowTables::max_mappings);
    EXPECT_TRUE(shadows.consistent());
    for (std::uint64_t n = 0; n < 4; ++n) {
        if (!cpu.translate(first + n * table_size, {.write = true}).translated)
            fault(first + n * table_size, write | fault_code::present);
        EXPECT_TRUE(cpu.translate(first + n * table_size, {.write = true}).translated);
    }
    // Protected again, none of them is writable.
    EXPECT_NE(call_until_done(abi::Call::allocate_page, gpa / page_size, 1), 0U);
    EXPECT_EQ(writable(), 0U);
    EXPECT_TRUE(shadows.consistent());
}

TEST_F(ShadowWork, ATableWithVeryManyParentsIsGivenUpInParts) {
    map_page(page, 7 | used);
    const std::uint64_t table = align_down(guest_entry(page, 1), page_size);
    const std::uint64_t link = machine.word(guest_entry(page, 2));
    for (std::uint64_t directory = 1; directory <= 6; ++directory) {
        const std::uint64_t linear = page + directory * 0x40000000;
        machine.map(machine.root, linear, 0, 0);
        const std::uint64_t entries = align_down(guest_entry(linear, 2), page_size);
        for (std::uint64_t slot = 0; slot < shadow_slots; ++slot)
            machine.word(entries + slot * 8) = link | used;
        fault(linear);
        fault(linear + table_size); // fills one entry; the next exit links the others
        ASSERT_EQ(call(abi::Call::set_pxe, link | used, entries + 8), abi::Error::none);
        for (std::uint64_t slot = 0; slot < shadow_slots; ++slot)
            ASSERT_EQ(call(abi::Call::set_pxe, link | used, entries + slot * 8), abi::Error::none);
    }
    lock_page_tables(vcpu);
    EXPECT_FALSE(shadows.drop(frame(table)));
    EXPECT_TRUE(shadows.consistent());
    int more = 0;
    while (!shadows.drop(frame(table)) && more < 10)
        ++more;
    EXPECT_EQ(more, 4); // 3072 entries in all, 512 in each of six calls
    EXPECT_EQ(frame(table).first_shadow, 0U);
    EXPECT_TRUE(shadows.consistent());
    unlock_page_tables(vcpu);
}

TEST_F(ShadowWork, NxeDropsEverythingInSeveralExits) {
    const std::uint64_t gpa = machine.take_guest_page();
    map_often(gpa, 30);
    vcpu.registers.rcx = 0xC0000080;
    vcpu.registers.rax = 0x501;
    vcpu.registers.rdx = 0;
    std::uint32_t exits = 0;
    do {
        exit(abi::ExitReason::msr_write, 0);
        ++exits;
        ASSERT_TRUE(shadows.consistent());
        EXPECT_EQ(machine.machine().features.execute_disable, exits < 3);
    } while (machine.fields[Field::guest_rip] == Machine::linear_base + code_page && exits < 10);
    EXPECT_EQ(exits, 3U);
    EXPECT_EQ(mappings(gpa), 0U);
}

TEST_F(ShadowWork, ManyTablesOutOfStepAreSyncedInSeveralExits) {
    const std::uint64_t gpa = machine.take_guest_page();
    map_often(gpa, 20);
    const std::uint64_t other = machine.take_guest_page();
    for (std::uint64_t n = 0; n < 20; ++n)
        for (std::uint64_t slot = 0; slot < shadow_slots; ++slot)
            store(guest_entry(first + n * table_size, 1) + slot * 8, other | 7 | used);
    ASSERT_EQ(mappings(gpa), 20 * shadow_slots);
    EXPECT_EQ(call_until_done(abi::Call::flush_tlb, 0), 2U);
    EXPECT_EQ(mappings(gpa), 0U);
    EXPECT_EQ(mappings(other), 20 * shadow_slots);
    EXPECT_TRUE(shadows.consistent());
}

} // namespace
} // namespace hv::test
