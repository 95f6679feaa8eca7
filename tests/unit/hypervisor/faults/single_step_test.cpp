// Instructions that run on a copy of a protected page, one at a time.

#include "hypervisor/address_space/requests.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/vmx/controls.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/rflags.h"
#include "tests/unit/cases/trapped_store_case.h"

#include <vector>

namespace hv::test {
namespace {

using abi::MemoryAccess;

class SteppedByTrapFlag : public TrappedStoreCase {
  protected:
    static constexpr std::uint64_t idt_limit = 0xFFF;
    static constexpr std::uint64_t branch_step = 2;       ///< DEBUGCTL.BTF
    static constexpr std::uint64_t after_fault = 0x10202; ///< RF is set in the frame of a fault
    const std::uint64_t slot = machine.physical(machine.gdt) + 6 * 8;

    SteppedByTrapFlag() {
        machine.fields[Field::guest_rflags] = 0x202;
        machine.fields[Field::guest_idtr_limit] = idt_limit;
        machine.fields[Field::guest_ia32_debugctl] = branch_step;
        vcpu.efer |= efer::syscall_enable;
        machine.machine().controls.entry |= vm_entry::load_ia32_efer;
        exit_with({0x0F, 0x11, 0x07}, slot); // movups %xmm0,(%rdi)
    }
    void exit(abi::ExitReason reason) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        handle_vm_exit(vcpu.registers);
    }
    /// #DB is that of the step, with the guest's own `breakpoints`.
    void exception(std::uint32_t information, std::uint64_t breakpoints = 0) {
        machine.fields[Field::vm_exit_interruption_information] = information;
        if (information == 0x80000301) {
            machine.fields[Field::exit_qualification] = 1 << 14 | breakpoints;
            machine.fields[Field::guest_rflags] &= ~rflags::resume; // the instruction has run
        }
        exit(abi::ExitReason::exception_nmi);
    }
    std::uint8_t injected() {
        return static_cast<std::uint8_t>(machine.fields[Field::vm_entry_interruption_information]);
    }
    void expect_all_put_back(std::uint64_t rflags = 0x202) {
        EXPECT_FALSE(vcpu.single_step.active);
        EXPECT_EQ(machine.fields[Field::ept_pointer], machine.machine().ept.pointer(0));
        EXPECT_EQ(machine.fields[Field::guest_rflags], rflags);
        EXPECT_EQ(machine.fields[Field::guest_idtr_limit], idt_limit);
        EXPECT_EQ(machine.fields[Field::guest_ia32_debugctl], branch_step);
        EXPECT_EQ(machine.fields[Field::guest_ia32_efer], real_efer(vcpu));
        EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
        EXPECT_EQ(machine.fields[Field::exception_bitmap], 0U);
        EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], 0U);
        EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    }
};

TEST_F(SteppedByTrapFlag, NothingOfTheGuestsRunsMeanwhile) {
    EXPECT_EQ(count(MemoryAccess::stepped_write), 1U);
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute); // for other vCPUs it stays closed
    EXPECT_NE(machine.fields[Field::ept_pointer], machine.machine().ept.pointer(0));
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x10102U);           // RF, TF, no interrupts
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 8U); // no NMIs
    EXPECT_EQ(machine.fields[Field::exception_bitmap], 0xFFFFFFFFU);
    EXPECT_EQ(machine.fields[Field::guest_idtr_limit], 0U);
    EXPECT_EQ(machine.fields[Field::guest_ia32_debugctl], 0U);
    EXPECT_EQ(machine.fields[Field::guest_ia32_efer] & efer::syscall_enable, 0U);
    machine.word(machine.stepped_place(slot)) = tls;
    exception(0x80000301); // #DB
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

TEST_F(SteppedByTrapFlag, AFaultOfTheInstructionIsTheGuests) {
    machine.fields[Field::exit_qualification] = 0x1234;
    machine.fields[Field::vm_exit_interruption_error_code] = 2;
    exception(0x80000B0E); // #PF
    EXPECT_EQ(rights(machine.gdt), EptRights::read_execute);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0x80000B0EU);
    EXPECT_EQ(machine.fields[Field::vm_entry_exception_error_code], 2U);
    EXPECT_EQ(machine.cr2, 0x1234U);
}

TEST_F(SteppedByTrapFlag, AnotherExitClosesThePageFirst) {
    const std::uint64_t rip = machine.fields[Field::guest_rip];
    machine.fields[Field::vm_exit_instruction_length] = 2;
    machine.word(machine.stepped_place(slot)) = tls;
    exit(abi::ExitReason::cpuid);
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.fields[Field::guest_rip], rip + 2);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
}

TEST_F(SteppedByTrapFlag, RefusedTakesThePlaceOfWhatTheInstructionCaused) {
    const std::uint64_t rip = machine.fields[Field::guest_rip];
    machine.fields[Field::vm_exit_instruction_length] = 2;
    machine.word(machine.stepped_place(slot)) = call_gate;
    exit(abi::ExitReason::cpuid);
    expect_all_put_back(after_fault);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.fields[Field::guest_rip], rip);
    EXPECT_EQ(injected(), vector::general_protection);
    EXPECT_EQ(vcpu.statistics.injected, 1U);
}

TEST_F(SteppedByTrapFlag, RefusedDoesNotTakeThePlaceOfAnNmi) {
    machine.word(machine.stepped_place(slot)) = call_gate;
    vcpu.nmi.kick_in_flight = 1;
    exception(0x80000202); // NMI
    expect_all_put_back(after_fault);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(injected(), vector::general_protection);
    EXPECT_EQ(vcpu.statistics.kicks_received, 1U);
}

TEST_F(SteppedByTrapFlag, ARequestBeforeVmEntryEndsItUnrun) {
    vcpu.requests = request::ept_translations;
    machine.enter(0);
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U);
    EXPECT_EQ(vcpu.requests, 0U);
    EXPECT_EQ(vcpu.pending, 0U);
}

// Not the instruction that the step was for, since only stores are stepped: another vCPU has put it
// there. It runs again outside the step.
TEST_F(SteppedByTrapFlag, WhatItHoldsBackRunsAgain) {
    constexpr std::uint32_t held_back[]{
        0x80000B0D, // #GP by INT n: the IDT has no gates
        0x80000306, // #UD by SYSCALL
        0x80000603, // INT3
        0x80000501, // INT1
    };
    const std::uint64_t rip = machine.fields[Field::guest_rip];
    for (const std::uint32_t event : held_back) {
        machine.fields[Field::vm_exit_interruption_error_code] = 0x81 * 8 + 2;
        exception(event);
        expect_all_put_back();
        EXPECT_EQ(machine.fields[Field::guest_rip], rip);
        EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information], 0U) << event;
        exit_with({0x0F, 0x11, 0x07}, slot);
        ASSERT_TRUE(vcpu.single_step.active);
    }
}

TEST_F(SteppedByTrapFlag, TheGuestsBreakpointsComeAfterIt) {
    machine.fields[Field::guest_dr7] = 1 << 4; // DR2
    exception(0x80000301, 5);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions],
              5 | pending_debug::enabled_breakpoint);
}

// The processor tells of a breakpoint that is met, enabled or not.
TEST_F(SteppedByTrapFlag, BreakpointsThatAreNotEnabledAreNoException) {
    machine.fields[Field::guest_dr7] = 1 << 2; // DR1
    exception(0x80000301, 5);
    expect_all_put_back();
}

TEST_F(SteppedByTrapFlag, ABreakpointOnTheInstructionIsNotItsEnd) {
    machine.fields[Field::vm_exit_interruption_information] = 0x80000301;
    machine.fields[Field::exit_qualification] = 1; // B0, and no single step
    exit(abi::ExitReason::exception_nmi);
    expect_all_put_back();
    EXPECT_EQ(injected(), vector::debug);
}

TEST_F(SteppedByTrapFlag, PushfStoresTheGuestsFlags) {
    const std::vector<std::uint8_t> prefixes[]{
        {},     {0x66}, {0x48}, {0x26}, {0x2E},       {0x36},       {0x3E},
        {0x64}, {0x65}, {0x67}, {0xF2}, {0x36, 0xF3}, {0x66, 0x41}, {0x2E, 0x66, 0x67, 0x66, 0x48}};
    exception(0x80000301);
    for (std::vector<std::uint8_t> instruction : prefixes) {
        instruction.push_back(0x9C); // pushfq
        exit_with(instruction, slot);
        machine.fields[Field::guest_rsp] = machine.gdt + 6 * 8;
        machine.word(machine.stepped_place(slot)) = 0x102; // as the processor pushes it in a step
        exception(0x80000301);
        EXPECT_EQ(machine.gdt_slot(6), 0x202U) << instruction.size();
    }
}

TEST_F(SteppedByTrapFlag, PushfThatCrossesIntoTheProtectedPageStoresTheGuestsFlags) {
    const std::uint64_t page = machine.idt; // the page before it is not protected
    std::uint64_t& before = machine.word(machine.physical(page - 8));
    exception(0x80000301);
    exit_with({0x9C}, machine.physical(page));
    machine.fields[Field::guest_rsp] = page - 6;
    before = 0x1025A5A; // the first six bytes of what the processor pushes in a step
    exception(0x80000301);
    EXPECT_EQ(before, 0x2025A5AU);
}

TEST_F(SteppedByTrapFlag, WhatIsNotPushfStoresWhatItStores) {
    exception(0x80000301);
    exit_with({0x36, 0x50, 0x9C}, slot); // push %rax; pushfq
    machine.fields[Field::guest_rsp] = machine.gdt + 6 * 8;
    machine.word(machine.stepped_place(slot)) = 0x102;
    exception(0x80000301);
    EXPECT_EQ(machine.gdt_slot(6), 0x102U);
}

TEST_F(SteppedByTrapFlag, TheGuestsOwnTrapComesAfterIt) {
    exception(0x80000301); // #DB
    machine.fields[Field::guest_rflags] = 0x302;
    exit_with({0x0F, 0x11, 0x07}, slot);
    exception(0x80000301);
    EXPECT_EQ(machine.fields[Field::guest_rflags], 0x302U);
    EXPECT_EQ(machine.fields[Field::guest_pending_debug_exceptions], pending_debug::single_step);
}

TEST_F(SteppedByTrapFlag, AStoreOverTwoProtectedPagesIsSteppedOnBoth) {
    const std::uint64_t gate = machine.physical(machine.idt) + 0x28; // the high half of gate 2
    const std::uint64_t old = machine.word(gate);
    exit_with({0x0F, 0x11, 0x07}, gate);
    EXPECT_TRUE(vcpu.single_step.active);
    machine.word(machine.stepped_place(slot)) = tls;
    machine.word(machine.stepped_place(gate)) = old ^ 0x1000;
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(machine.word(gate), old);
    exception(0x80000301);
    expect_all_put_back();
    EXPECT_EQ(machine.gdt_slot(6), tls | accessed);
    EXPECT_EQ(machine.word(gate), old ^ 0x1000);
    EXPECT_EQ(rights(machine.idt), EptRights::read_execute);
}

TEST_F(SteppedByTrapFlag, AThirdProtectedPageIsRefused) {
    exit_with({0x0F, 0x11, 0x07}, machine.physical(machine.idt));
    exit_with({0x0F, 0x11, 0x07}, machine.physical(machine.tss));
    expect_all_put_back(after_fault);
    EXPECT_EQ(rights(machine.tss), EptRights::read_execute);
    EXPECT_EQ(injected(), vector::general_protection);
}

TEST_F(SteppedByTrapFlag, ARefusedStoreIsTakenBack) {
    machine.word(machine.stepped_place(slot)) = call_gate;
    exception(0x80000301);
    expect_all_put_back(after_fault);
    EXPECT_EQ(machine.gdt_slot(6), 0U);
    EXPECT_EQ(injected(), vector::general_protection);
}

} // namespace
} // namespace hv::test
