// Where a guest continues after an instruction that the monitor has carried out.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/interruption_information.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::ExitReason;

class Resume : public ::testing::Test {
  protected:
    HardenedMachine machine;

    std::uint64_t rip_behind(ExitReason reason, std::uint64_t rip, std::uint64_t length,
                             std::uint64_t code_rights) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        machine.fields[Field::vm_exit_instruction_length] = length;
        machine.fields[Field::guest_rip] = rip;
        machine.fields[Field::guest_cs_access_rights] = code_rights;
        handle_vm_exit(machine.vcpu().registers);
        return machine.fields[Field::guest_rip];
    }
    static constexpr std::uint64_t code_64 = 0xA09B;
    static constexpr std::uint64_t code_32_of_ring_3 = 0xC0FB;
};

// VM entry refuses a RIP of more than 32 bits there: a process could end the guest.
TEST_F(Resume, TheLastInstructionBelow4GiBIsFollowedByTheFirstOutside64BitMode) {
    EXPECT_EQ(rip_behind(ExitReason::cpuid, 0xFFFFFFFE, 2, code_32_of_ring_3), 0U);
    EXPECT_EQ(rip_behind(ExitReason::cpuid, 0xFFFFFFFF, 2, code_32_of_ring_3), 1U);
    EXPECT_EQ(rip_behind(ExitReason::vmcall, 0xFFFFFFFD, 3, code_32_of_ring_3), 0U);
    EXPECT_EQ(rip_behind(ExitReason::cpuid, 0xFFFFFFFC, 2, code_32_of_ring_3), 0xFFFFFFFEU);
}

TEST_F(Resume, In64BitModeNothingIsSpecialAt4GiB) {
    EXPECT_EQ(rip_behind(ExitReason::cpuid, 0xFFFFFFFE, 2, code_64), 0x100000000U);
    EXPECT_EQ(rip_behind(ExitReason::vmcall, 0xFFFFFFFD, 3, code_64), 0x100000000U);
    EXPECT_EQ(rip_behind(ExitReason::cpuid, ~std::uint64_t{0} - 1, 2, code_64), 0U);
}

// While it is delivered, an NMI blocks others; and where NMIs are virtual, VM entry injects none
// that is blocked.
TEST_F(Resume, AnNmiWhoseDeliveryHasExitedIsInjectedAgain) {
    const auto nmi = InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false);
    machine.fields[Field::idt_vectoring_information] = nmi.raw;
    machine.fields[Field::guest_interruptibility_state] = 8;
    repeat_interrupted_event(machine.vcpu());
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], nmi.raw);
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
}

TEST_F(Resume, OtherEventsLeaveNmisBlocked) {
    machine.fields[Field::idt_vectoring_information] =
        InterruptionInformation::exception(vector::page_fault).raw;
    machine.fields[Field::guest_interruptibility_state] = 8;
    repeat_interrupted_event(machine.vcpu());
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 8U);
}

} // namespace
} // namespace hv::test
