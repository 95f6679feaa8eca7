// CPUID, control registers and descriptor tables; exits that end the run.

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vmx/guest_state.h"
#include "shared/cpuid_leaves.h"
#include "tests/unit/cases/exit_case.h"

namespace hv::test {
namespace {

using abi::ExitReason;

TEST_F(Exits, CpuidHidesWhatTheMonitorDoesNotPassOn) {
    vcpu.registers.rax = 1;
    exit_with(ExitReason::cpuid);
    EXPECT_EQ(vcpu.registers.rcx & 1 << 5, 0U);   // VMX
    EXPECT_EQ(vcpu.registers.rcx & 1 << 27, 0U);  // OSXSAVE follows the guest's CR4
    EXPECT_NE(vcpu.registers.rcx & 1U << 31, 0U); // hypervisor
    vcpu.registers.rax = abi::cpuid_hypervisor_leaf;
    exit_with(ExitReason::cpuid);
    EXPECT_EQ(vcpu.registers.rbx, abi::hypervisor_signature[0]);
    vcpu.registers.rax = abi::cpuid_lazyhv_leaf;
    exit_with(ExitReason::cpuid);
    EXPECT_EQ(vcpu.registers.rdx, abi::statistics_base);
}

TEST_F(Exits, VmxInstructionsDoNotExist) {
    for (const ExitReason reason : {ExitReason::vmon, ExitReason::vmlaunch, ExitReason::vmread,
                                    ExitReason::invept, ExitReason::vmfunc}) {
        exit_with(reason);
        EXPECT_TRUE(faulted(6)) << static_cast<int>(reason);
    }
}

TEST_F(Exits, CpuidHidesPerformanceMonitoringAndThermalControl) {
    vcpu.registers.rax = 0xA;
    exit_with(ExitReason::cpuid);
    EXPECT_EQ(vcpu.registers.rax | vcpu.registers.rbx | vcpu.registers.rcx | vcpu.registers.rdx,
              0U);
    vcpu.registers.rax = 6;
    exit_with(ExitReason::cpuid);
    EXPECT_EQ(vcpu.registers.rax, 4U); // the APIC timer always runs
    EXPECT_EQ(vcpu.registers.rcx, 1U); // APERF and MPERF
    vcpu.registers.rax = 1;
    exit_with(ExitReason::cpuid);
    EXPECT_EQ(vcpu.registers.rdx & (1 << 21 | 1 << 29), 0U); // debug store, thermal monitor
}

TEST_F(Exits, NativeControlRegisterWrites) {
    vcpu.registers.rbx = machine.root;
    exit_with(ExitReason::cr_access, 3 | 3 << 8); // MOV RBX to CR3
    EXPECT_FALSE(faulted());
    EXPECT_EQ(machine.fields[Field::guest_rip], 0x1002U);
    vcpu.registers.rbx = 0;
    exit_with(ExitReason::cr_access, 0 | 3 << 8); // MOV RBX to CR0: paging off
    EXPECT_TRUE(faulted());
    exit_with(ExitReason::cr_access, 3 << 4 | 0xF << 16); // LMSW sets TS
    EXPECT_NE(guest_cr0(vcpu) & cr0::task_switched, 0U);
    exit_with(ExitReason::cr_access, 2 << 4); // CLTS
    EXPECT_EQ(guest_cr0(vcpu) & cr0::task_switched, 0U);
    exit_with(ExitReason::cr_access, 3 << 4); // LMSW cannot clear PE
    EXPECT_NE(guest_cr0(vcpu) & cr0::protection_enable, 0U);
    EXPECT_EQ(
        vcpu.statistics.control_register[static_cast<int>(abi::ControlRegisterAccess::mov_to_cr3)],
        1U);
}

// SDM vol. 3, 2.5: bits 28:19, 17 and 15:6 are reserved, and ET is 1; bits 63:32 cause #GP.
TEST_F(Exits, ReservedBitsOfCr0ReadZero) {
    constexpr std::uint64_t reserved = 0x1FFAFFC0;
    machine.fields[Field::guest_cs_access_rights] = 0xA09B; // 64-bit mode
    vcpu.registers.rbx = 0x80010031 | reserved;
    exit_with(ExitReason::cr_access, 0 | 3 << 8);
    EXPECT_FALSE(faulted());
    EXPECT_EQ(guest_cr0(vcpu), 0x80010031U);
    vcpu.registers.rbx = 0x80010021; // ET clear
    exit_with(ExitReason::cr_access, 0 | 3 << 8);
    EXPECT_FALSE(faulted());
    EXPECT_EQ(guest_cr0(vcpu), 0x80010031U);
    vcpu.registers.rbx = 0x180010031;
    exit_with(ExitReason::cr_access, 0 | 3 << 8);
    EXPECT_TRUE(faulted());
}

TEST_F(Exits, SgdtWritesTheGuestsMemory) {
    const std::uint64_t page = machine.take_guest_page();
    machine.fields[Field::guest_cs_access_rights] = 0xA09B; // 64-bit mode
    machine.fields[Field::vm_exit_instruction_information] =
        2U << 7 | 1U << 22 | 1U << 27; // SGDT, 64-bit address, displacement alone
    exit_with(ExitReason::gdtr_idtr, Machine::linear_base + page);
    EXPECT_EQ(machine.word(page) & 0xFFFF, HardenedMachine::gdt_slots * 8 - 1);
    EXPECT_EQ(machine.word(page) >> 16, machine.gdt & 0xFFFFFFFFFFFF);
    exit_with(ExitReason::gdtr_idtr, 0x1234); // not mapped
    EXPECT_EQ(machine.fields[Field::vm_entry_interruption_information] & 0xFF, 14U);
    EXPECT_EQ(machine.cr2, 0x1234U);
}

TEST_F(Exits, LgdtIsJudged) {
    const std::uint64_t page = machine.take_guest_page();
    machine.word(page) = 0x7F; // limit 0x7F, base 0
    machine.fields[Field::vm_exit_instruction_information] =
        2U << 28 | 2U << 7 | 1U << 22 | 1U << 27;
    exit_with(ExitReason::gdtr_idtr, Machine::linear_base + page);
    EXPECT_TRUE(faulted());
    EXPECT_EQ(machine.fields[Field::guest_gdtr_base], machine.gdt);
}

TEST_F(Exits, TripleFaultEndsTheRunWithADiagnosis) {
    vcpu.registers.rax = 0x1234ABCD;
    EXPECT_THROW(exit_with(ExitReason::triple_fault), RunEnded);
    EXPECT_NE(machine.console.find("triple-faulted"), std::string::npos);
    EXPECT_NE(machine.console.find("RAX 0x1234abcd"), std::string::npos) << machine.console;
}

TEST_F(Exits, AFailedEntryNamesTheRule) {
    machine.fields[Field::guest_rflags] = 0; // bit 1 must be 1
    machine.fields[Field::exit_reason] = std::uint64_t{1} << 31 | 33;
    EXPECT_THROW(handle_vm_exit(vcpu.registers), RunEnded);
    EXPECT_NE(machine.console.find("guest_rflags is 0x0"), std::string::npos) << machine.console;
    EXPECT_NE(machine.console.find("27.3.1.4"), std::string::npos) << machine.console;
}

TEST_F(Exits, LeftOverBlockingIsRepairedOnce) {
    machine.fields[Field::guest_interruptibility_state] = 1;
    machine.fields[Field::guest_rflags] = 0x102;
    machine.fields[Field::exit_reason] = std::uint64_t{1} << 31 | 33;
    handle_vm_exit(vcpu.registers);
    EXPECT_EQ(machine.fields[Field::guest_interruptibility_state], 0U);
    EXPECT_NE(machine.fields[Field::guest_pending_debug_exceptions] & 1 << 14, 0U);
    EXPECT_THROW(handle_vm_exit(vcpu.registers), RunEnded); // the same exit count: no second time
}

TEST_F(Exits, UnaskedExitsEndTheRunByName) {
    EXPECT_THROW(exit_with(ExitReason::rdseed), RunEnded);
    EXPECT_NE(machine.console.find("RDSEED"), std::string::npos);
}

} // namespace
} // namespace hv::test
