// Roots that the guest loads without a VM exit: when they are offered, and when they no longer are.

#include "hypervisor/exits/settle.h"
#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class Roots : public ClassicCase {
  protected:
    const std::uint64_t other = make_bare_root();

    std::uint64_t published(std::uint64_t root) {
        for (std::uint32_t index = 0; index < abi::root_pairs; ++index) {
            const abi::RootPair& pair = machine.area().control.root_pair[index];
            EXPECT_EQ(machine.fields[target_fields[index]],
                      pair.guest_root == abi::no_root ? no_target : pair.loaded);
            if (pair.guest_root == root)
                return pair.loaded;
        }
        return 0;
    }
    std::uint32_t published_roots() {
        std::uint32_t count = 0;
        for (const Field target : target_fields)
            count += machine.fields[target] != no_target ? 1U : 0U;
        return count;
    }
    /// Leaves a level-1 table out of step.
    void unsync() {
        map_page(page, 7);
        fault(page);
        store(guest_entry(page, 1), 0);
        ASSERT_TRUE(shadows.has_unsynced());
    }
};

TEST_F(Roots, APairIsPublishedWithTheFirstLoad) {
    EXPECT_EQ(published(other), 0U);
    move_to_cr3(other);
    EXPECT_EQ(published(other), machine.fields[Field::guest_cr3]);
    EXPECT_EQ(guest_cr3(vcpu), other);
}

TEST_F(Roots, NotWithoutTargetsToPublishIn) {
    withdraw_roots(vcpu);
    settle(vcpu);
    vcpu.roots.limit = 0; // interface eager or native
    move_to_cr3(other);
    EXPECT_EQ(published_roots(), 0U);
}

TEST_F(Roots, TheGuestChangesByItself) {
    move_to_cr3(other);
    move_to_cr3(machine.root);
    const std::uint64_t exits = vcpu.statistics.exits;
    ASSERT_TRUE(cpu.load_cr3(published(other)));
    EXPECT_EQ(guest_cr3(vcpu), other);
    EXPECT_EQ(shadows.table(current_shadow_root(vcpu)).frame, other / page_size);
    EXPECT_EQ(vcpu.statistics.exits, exits);
    exit(abi::ExitReason::cr_access, 3 | 1 << 4 | 3 << 8); // MOV from CR3 to RBX
    EXPECT_EQ(vcpu.registers.rbx, other);
}

TEST_F(Roots, TheOldestIsGivenUpForANewOne) {
    std::array<std::uint64_t, 6> roots{};
    for (std::uint64_t& root : roots) {
        root = make_bare_root();
        move_to_cr3(root);
    }
    EXPECT_EQ(published_roots(), 4U);
    EXPECT_EQ(published(roots[1]), 0U);
    for (std::size_t index = 2; index < 6; ++index)
        EXPECT_NE(published(roots[index]), 0U) << index;
    ASSERT_TRUE(cpu.load_cr3(published(roots[3])));
    EXPECT_EQ(guest_cr3(vcpu), roots[3]);
}

TEST_F(Roots, WithdrawnWhenATableIsOutOfStep) {
    move_to_cr3(other);
    move_to_cr3(machine.root);
    const std::uint64_t loaded = published(other);
    unsync();
    EXPECT_EQ(published_roots(), 0U);
    EXPECT_FALSE(cpu.load_cr3(loaded));
    EXPECT_EQ(guest_cr3(vcpu), machine.root);
    move_to_cr3(other); // and not offered again meanwhile
    EXPECT_EQ(published_roots(), 0U);
}

TEST_F(Roots, TheRomFindsWhatToLoadThoughItIsWithdrawnMeanwhile) {
    move_to_cr3(other);
    const std::uint64_t loaded = published(other);
    abi::RootPair* found = nullptr;
    for (abi::RootPair& pair : machine.area().control.root_pair)
        found = pair.guest_root == other ? &pair : found;
    ASSERT_NE(found, nullptr);
    move_to_cr3(machine.root);
    withdraw_roots(vcpu); // for another vCPU, between the ROM's two looks at the pair
    settle(vcpu);
    EXPECT_EQ(found->guest_root, abi::no_root);
    vcpu.registers.rdi = other;
    EXPECT_FALSE(cpu.load_cr3(found->loaded));
    EXPECT_EQ(found->loaded, loaded);
    move_to_cr3(found->loaded);
    EXPECT_EQ(guest_cr3(vcpu), other);
}

TEST_F(Roots, ARootWithdrawnSinceIsWhatRdiSays) {
    move_to_cr3(other);
    const std::uint64_t loaded = published(other);
    move_to_cr3(machine.root);
    unsync();
    vcpu.registers.rdi = other;
    move_to_cr3(loaded);
    EXPECT_EQ(event(), 0U);
    EXPECT_EQ(guest_cr3(vcpu), other);
    vcpu.registers.rdi = fake_ram_size; // judged as any other
    move_to_cr3(loaded);
    EXPECT_TRUE(refused());
    EXPECT_EQ(guest_cr3(vcpu), other);
}

TEST_F(Roots, WithdrawnBeforeItIsReleased) {
    const std::uint64_t number = other / page_size;
    ASSERT_EQ(call(abi::Call::allocate_page, number, 0, abi::page_flags::pml4), abi::Error::none);
    move_to_cr3(other);
    move_to_cr3(machine.root);
    const std::uint64_t loaded = published(other);
    ASSERT_NE(loaded, 0U);
    EXPECT_EQ(call(abi::Call::release_page, number), abi::Error::none);
    EXPECT_EQ(published(other), 0U);
    EXPECT_FALSE(cpu.load_cr3(loaded));
    EXPECT_EQ(shadows.table(shadows.at(loaded)).level, 0);
}

TEST_F(Roots, TheRootInUseIsNotReleased) {
    const std::uint64_t number = other / page_size;
    ASSERT_EQ(call(abi::Call::allocate_page, number, 0, abi::page_flags::pml4), abi::Error::none);
    move_to_cr3(other);
    move_to_cr3(machine.root);
    ASSERT_TRUE(cpu.load_cr3(published(other)));
    EXPECT_EQ(call(abi::Call::release_page, number), abi::Error::table_in_use);
    EXPECT_EQ(guest_cr3(vcpu), other);
}

TEST_F(Roots, ForgedPairsAreNotBelieved) {
    move_to_cr3(other);
    machine.area().control.root_pair[0] = {machine.root, fake_ram_size};
    EXPECT_FALSE(cpu.load_cr3(fake_ram_size));
    EXPECT_EQ(guest_cr3(vcpu), other);
}

TEST_F(Roots, RootsThatAreNone) {
    for (const std::uint64_t value :
         {fake_ram_size, std::uint64_t{0xA0000}, fake_memory_end, machine.take_guest_page()}) {
        move_to_cr3(value);
        EXPECT_TRUE(refused()) << value;
        EXPECT_EQ(guest_cr3(vcpu), machine.root);
    }
}

} // namespace
} // namespace hv::test
