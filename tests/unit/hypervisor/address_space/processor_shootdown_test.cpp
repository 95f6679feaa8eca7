// Shootdown: who is disturbed, and what it is told to drop.

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/faults/ept_violation.h"
#include "hypervisor/registers/control_registers.h"
#include "tests/unit/fake/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace hv::test {
namespace {

using abi::Error;
using abi::every_address_space;
using testing::IsEmpty;

constexpr std::uint64_t all_contexts_of_vpid = 1; ///< INVVPID types (SDM vol. 3, 31.3)
constexpr std::uint64_t retaining_globals = 3;

class Shootdown : public ::testing::TestWithParam<abi::Profile> {
  protected:
    KernelMachine machine{GetParam(), 256, 3};
    Vcpu& vcpu = machine.vcpu(0);
    const bool classic = GetParam() == abi::Profile::classic;
    const std::uint64_t other = make_bare_root();

    Shootdown() {
        load(2, other);
        machine.invalidations.clear();
    }
    std::uint64_t make_bare_root() {
        const std::uint64_t root = machine.take_guest_page();
        machine.word(root + 511 * 8) = machine.word(machine.root + 511 * 8);
        return root;
    }
    void load(std::uint32_t number, std::uint64_t root) {
        machine.on(number, [&] {
            EXPECT_EQ(set_guest_cr3(machine.vcpu(), root), Error::none);
            settle(machine.vcpu());
            machine.area().control.cr3 = root;
        });
    }
    Error shoot(std::uint64_t mask, std::uint64_t root) {
        const Error error = call_shootdown(vcpu, mask, root, 0);
        settle(vcpu);
        return error;
    }
    std::uint64_t kicks(std::uint32_t number) {
        return machine.vcpu(number).statistics.kicks_received;
    }
    /// The type of the last INVVPID of vCPU `number` since the last call; 0xFF if there was none.
    std::uint64_t dropped(std::uint32_t number) {
        std::uint64_t type = 0xFF;
        for (const Invalidated& invalidated : machine.invalidations)
            if (invalidated.processor == number && invalidated.by == Invalidated::By::invvpid)
                type = invalidated.type;
        return type;
    }
};

TEST_P(Shootdown, DisturbsOnlyWhoRunsInTheAddressSpace) {
    EXPECT_EQ(shoot(0b111, machine.root), Error::none);
    EXPECT_EQ(kicks(1), 1U);
    EXPECT_EQ(kicks(2), 0U);
    EXPECT_EQ(dropped(0), all_contexts_of_vpid);
    EXPECT_EQ(dropped(1), retaining_globals);
    EXPECT_EQ(dropped(2), 0xFFU);
}

TEST_P(Shootdown, DisturbsOnlyWhoIsInTheMask) {
    EXPECT_EQ(shoot(0b101, machine.root), Error::none);
    EXPECT_EQ(kicks(1), 0U);
    EXPECT_EQ(shoot(0, machine.root), Error::none);
    EXPECT_EQ(dropped(1), 0xFFU);
    EXPECT_FALSE(holds_page_table_lock(vcpu));
}

TEST_P(Shootdown, OfEveryAddressSpaceReachesAll) {
    EXPECT_EQ(shoot(0b110, every_address_space), Error::none);
    EXPECT_EQ(dropped(1), all_contexts_of_vpid);
    EXPECT_EQ(dropped(2), all_contexts_of_vpid);
    EXPECT_EQ(dropped(0), 0xFFU);
}

TEST_P(Shootdown, WithPcidsNobodyIsLeftOut) {
    machine.fields[Field::guest_cr4] |= cr4::pcid_enable;
    vcpu.cr4_shadow |= cr4::pcid_enable;
    EXPECT_EQ(shoot(0b110, machine.root), Error::none);
    EXPECT_EQ(kicks(2), 1U);
}

TEST_P(Shootdown, OfAVcpuThatIsNotThereIsRefused) {
    EXPECT_EQ(shoot(0b1001, machine.root), Error::bad_vcpu);
    EXPECT_EQ(shoot(~std::uint64_t{0}, every_address_space), Error::bad_vcpu);
    EXPECT_THAT(machine.ipis, IsEmpty());
}

TEST_P(Shootdown, FollowsWhoChangesItsAddressSpace) {
    load(1, other);
    load(2, machine.root);
    machine.invalidations.clear();
    EXPECT_EQ(shoot(0b110, machine.root), Error::none);
    EXPECT_EQ(kicks(1), 0U);
    EXPECT_EQ(kicks(2), 1U);
}

INSTANTIATE_TEST_SUITE_P(Profiles, Shootdown,
                         ::testing::Values(abi::Profile::hardened, abi::Profile::classic));

// On classic/lazy a vCPU changes its root without an exit; the ROM's copy of CR3 says so.
class ClassicShootdown : public Shootdown {};

TEST_P(ClassicShootdown, ReachesWhoCameWithoutAnExit) {
    machine.vcpu(2).area->control.cr3 = machine.root;
    EXPECT_EQ(shoot(0b100, machine.root), Error::none);
    EXPECT_EQ(kicks(2), 1U);
}

TEST_P(ClassicShootdown, LeavesAloneWhoLeftWithoutAnExit) {
    load(1, other); // offered from now on, both are
    load(1, machine.root);
    machine.vcpu(1).area->control.cr3 = other;
    EXPECT_EQ(shoot(0b010, machine.root), Error::none);
    EXPECT_EQ(kicks(1), 0U);
    // But not while the load may wait in the ring.
    machine.vcpu(1).area->control.ring.tail = machine.vcpu(1).ring_head + 1;
    EXPECT_EQ(shoot(0b010, machine.root), Error::none);
    EXPECT_EQ(kicks(1), 1U);
}

TEST_P(ClassicShootdown, BelievesNoRootThatIsNotOffered) {
    machine.vcpu(1).area->control.cr3 = 0x5000;
    EXPECT_EQ(shoot(0b010, machine.root), Error::none);
    EXPECT_EQ(kicks(1), 1U);
}

INSTANTIATE_TEST_SUITE_P(Profiles, ClassicShootdown, ::testing::Values(abi::Profile::classic));

// EPT: the exit for a store names the GPA of a translation that a Shootdown may drop meanwhile.
class LateStore : public ::testing::Test {
  protected:
    HardenedMachine machine{2};
    static constexpr std::uint64_t code_page = 0x400000;
    static constexpr std::uint64_t tls = 0x00CFF3000000FFFF;
    const std::uint64_t slot = machine.physical(machine.gdt) + 6 * 8;

    /// A store of vCPU 0 to its GDT.
    void store() {
        constexpr std::uint8_t code[]{0x48, 0x89, 0x17}; // mov %rdx,(%rdi)
        std::memcpy(direct_pointer(code_page), code, sizeof(code));
        Vcpu& vcpu = machine.vcpu(0);
        vcpu.statistics.exits = 10;
        vcpu.registers.rdx = tls;
        vcpu.registers.rdi = machine.gdt + 6 * 8;
        machine.fields[Field::guest_rip] = Machine::linear_base + code_page;
        machine.fields[Field::guest_cs_access_rights] = 0xA09B;
        machine.fields[Field::guest_physical_address] = slot;
        machine.fields[Field::exit_qualification] = 0x182; // write, linear address valid
        handle_ept_violation(vcpu);
    }
};

TEST_F(LateStore, IsCarriedOutWhenNobodyAsked) {
    store();
    EXPECT_EQ(machine.word(slot), tls);
}

TEST_F(LateStore, RunsAgainWhenTheTranslationWasShotDown) {
    machine.on(1, [&] {
        EXPECT_EQ(call_shootdown(machine.vcpu(1), 1, machine.root, 0), Error::none);
        settle(machine.vcpu(1));
    });
    store();
    EXPECT_EQ(machine.word(slot), 0U);
    EXPECT_EQ(machine.fields[Field::guest_rip], Machine::linear_base + code_page);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

} // namespace
} // namespace hv::test
