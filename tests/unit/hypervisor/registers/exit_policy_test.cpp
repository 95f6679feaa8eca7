// MSRs, ports, CPUID, control-register and descriptor-table exits.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/registers/pci_configuration.h"
#include "hypervisor/registers/port_policy.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/msr_bitmaps.h"
#include "hypervisor/vmx/guest_state.h"
#include "shared/console.h"
#include "shared/cpuid_leaves.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

using abi::ExitReason;
class Exits : public ::testing::Test {
  protected:
    HardenedMachine machine;
    Vcpu& vcpu = machine.vcpu();

    void exit_with(ExitReason reason, std::uint64_t qualification = 0) {
        machine.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
        machine.fields[Field::exit_qualification] = qualification;
        machine.fields[Field::vm_exit_instruction_length] = 2;
        machine.fields[Field::vm_entry_interruption_information] = 0;
        machine.fields[Field::guest_rip] = 0x1000;
        handle_vm_exit(vcpu.registers);
    }
    void out(std::uint16_t port, std::uint32_t size, std::uint64_t value) {
        vcpu.registers.rax = value;
        exit_with(ExitReason::io_instruction, std::uint64_t{port} << 16 | (size - 1));
    }
    bool faulted(std::uint8_t vector = 13) {
        return (machine.fields[Field::vm_entry_interruption_information] & 0x800000FF) ==
                   (0x80000000U | vector) &&
               machine.fields[Field::guest_rip] == 0x1000;
    }
};

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

TEST_F(Exits, MsrsThatTheGuestMayNotHave) {
    for (const Msr msr : {Msr::ia32_feature_control, Msr::ia32_vmx_basic}) {
        machine.msrs[number(msr)] = 1;
        vcpu.registers.rcx = number(msr);
        exit_with(ExitReason::msr_read);
        EXPECT_TRUE(faulted());
        exit_with(ExitReason::msr_write);
        EXPECT_TRUE(faulted());
    }
    vcpu.registers.rcx = 0x12345678; // no such MSR
    exit_with(ExitReason::msr_read);
    EXPECT_TRUE(faulted());
}

TEST_F(Exits, AWriteOfWhatIsThereChangesNothing) {
    machine.msrs[number(Msr::ia32_platform_id)] = 5;
    vcpu.registers.rcx = number(Msr::ia32_platform_id);
    vcpu.registers.rdx = 0;
    vcpu.registers.rax = 5;
    exit_with(ExitReason::msr_write);
    EXPECT_FALSE(faulted());
    vcpu.registers.rax = 6;
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    EXPECT_EQ(machine.msrs[number(Msr::ia32_platform_id)], 5U);
}

TEST_F(Exits, EachMsrThatAnUnawareKernelIsRefusedIsNamedOnce) {
    machine.machine().protects = false;
    vcpu.registers.rax = 1;
    for (const std::uint32_t msr : {0x140U, 0x141U, 0x140U}) {
        machine.msrs[msr] = 0;
        vcpu.registers.rcx = msr;
        exit_with(ExitReason::msr_write);
        EXPECT_TRUE(faulted());
    }
    const auto first = machine.console.find("MSR_WRITE 0x140");
    EXPECT_NE(first, std::string::npos) << machine.console;
    EXPECT_EQ(machine.console.find("MSR_WRITE 0x140", first + 1), std::string::npos);
    EXPECT_NE(machine.console.find("MSR_WRITE 0x141"), std::string::npos);
    EXPECT_EQ(vcpu.statistics.refused, 3U);
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

TEST_F(Exits, MtrrWritesAreKeptFromTheProcessor) {
    machine.msrs[number(Msr::ia32_mtrr_def_type)] = 0xC06;
    vcpu.registers.rcx = number(Msr::ia32_mtrr_def_type);
    vcpu.registers.rax = 0;
    vcpu.registers.rdx = 0;
    exit_with(ExitReason::msr_write);
    EXPECT_FALSE(faulted());
    EXPECT_EQ(machine.msrs[number(Msr::ia32_mtrr_def_type)], 0xC06U);
    vcpu.registers.rax = 5;
    exit_with(ExitReason::msr_read);
    EXPECT_EQ(vcpu.registers.rax, 0U); // but the guest reads what it wrote
}

// What the processor does, by SDM vol. 3, 12.11.1 and 12.11.2, and as Bochs does it.
TEST_F(Exits, MtrrsTakeWhatTheProcessorTakes) {
    machine.machine().physical_address_bits = 40;
    machine.msrs[number(Msr::ia32_mtrrcap)] = 0x508; // 8 variable ranges, fixed ranges, WC
    const auto refused = [&](std::uint32_t msr, std::uint64_t value) {
        vcpu.registers.rcx = msr;
        vcpu.registers.rax = value & 0xFFFFFFFF;
        vcpu.registers.rdx = value >> 32;
        exit_with(ExitReason::msr_write);
        return faulted();
    };
    const std::uint32_t default_type = number(Msr::ia32_mtrr_def_type);
    for (const std::uint64_t type : {0U, 1U, 4U, 5U, 6U}) {
        EXPECT_FALSE(refused(default_type, 0xC00 | type)) << type;
        EXPECT_FALSE(refused(0x200, 0xFF'FFFF'F000 | type)) << type;
        EXPECT_FALSE(refused(0x250, type << 56 | type)) << type;
    }
    for (const std::uint64_t type : {2U, 3U, 7U, 8U, 0xFFU}) {
        EXPECT_TRUE(refused(default_type, 0xC00 | type)) << type;
        EXPECT_TRUE(refused(0x200, type)) << type;
        EXPECT_TRUE(refused(0x26F, type << 56)) << type;
    }
    EXPECT_TRUE(refused(default_type, 0x1C06));
    EXPECT_TRUE(refused(default_type, 0xD06));
    EXPECT_TRUE(refused(default_type, std::uint64_t{1} << 40 | 0xC06));
    EXPECT_TRUE(refused(0x200, 0x106)); // reserved bits
    EXPECT_TRUE(refused(0x200, std::uint64_t{1} << 40 | 6));
    EXPECT_FALSE(refused(0x201, 0xFF'0000'0800));
    EXPECT_TRUE(refused(0x201, 0xFF'0000'0400));
    EXPECT_TRUE(refused(0x201, std::uint64_t{1} << 50));
    EXPECT_FALSE(refused(0x20F, 0x800));
    for (const std::uint32_t none : {0x210U, 0x24FU, 0x251U, 0x257U, 0x25AU, 0x267U, 0x270U}) {
        EXPECT_TRUE(refused(none, 0)) << none;
        vcpu.registers.rcx = none;
        exit_with(ExitReason::msr_read);
        EXPECT_TRUE(faulted()) << none;
    }
}

TEST_F(Exits, TheApicStaysWhereItIs) {
    const std::uint32_t msr = number(Msr::ia32_apic_base);
    machine.msrs[msr] = 0xFEE00900;
    vcpu.registers.rcx = msr;
    vcpu.registers.rdx = 0;
    vcpu.registers.rax = 0x00F00900; // over other memory
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    vcpu.registers.rax = 0xFEE00D00; // x2APIC mode
    exit_with(ExitReason::msr_write);
    EXPECT_EQ(machine.msrs[msr], 0xFEE00D00U);
}

TEST_F(Exits, EferKeeps64BitMode) {
    machine.msrs[number(Msr::ia32_efer)] = 0xD01;
    vcpu.registers.rcx = number(Msr::ia32_efer);
    vcpu.registers.rdx = 0;
    vcpu.registers.rax = 0x401; // LME clear
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    vcpu.registers.rax = 0x101 | 1 << 12; // SVME
    exit_with(ExitReason::msr_write);
    EXPECT_TRUE(faulted());
    vcpu.registers.rax = 0x101;
    exit_with(ExitReason::msr_write);
    // The monitor's own page tables need NXE, where EFER is shared.
    EXPECT_EQ(machine.msrs[number(Msr::ia32_efer)], 0xD01U);
}

TEST_F(Exits, MsrBitmapsPassWhatASwitchUses) {
    const std::uint64_t page = machine.take_guest_page();
    fill_msr_bitmaps(page);
    const auto exits = [page](std::uint32_t msr, std::uint64_t half) {
        const std::uint64_t base = page + half + (msr >= 0xC0000000 ? 1024 : 0);
        return (*direct_pointer(base + (msr & 0x1FFF) / 8) >> msr % 8 & 1) != 0;
    };
    for (const Msr msr : {Msr::ia32_fs_base, Msr::ia32_gs_base, Msr::ia32_kernel_gs_base}) {
        EXPECT_FALSE(exits(number(msr), 0));
        EXPECT_FALSE(exits(number(msr), 2048));
    }
    for (const Msr msr : {Msr::ia32_pred_cmd, Msr::ia32_flush_cmd}) { // written only
        EXPECT_TRUE(exits(number(msr), 0));
        EXPECT_FALSE(exits(number(msr), 2048));
    }
    for (const Msr msr : {Msr::ia32_efer, Msr::ia32_apic_base, Msr::ia32_pat, Msr::ia32_debugctl,
                          Msr::ia32_mtrr_physbase0, Msr::ia32_feature_control}) {
        EXPECT_TRUE(exits(number(msr), 0));
        EXPECT_TRUE(exits(number(msr), 2048));
    }
}

TEST_F(Exits, PortsThatReachTheMonitor) {
    vcpu.registers.rax = 0xD1; // keyboard controller: the next byte would switch A20
    exit_with(ExitReason::io_instruction, std::uint64_t{keyboard_controller_command} << 16);
    EXPECT_EQ(machine.port_writes.back().second, 0xFFU);
    vcpu.registers.rax = 0; // port 0x92 with A20 off
    exit_with(ExitReason::io_instruction, std::uint64_t{system_control_a} << 16);
    EXPECT_EQ(machine.port_writes.back().second, 2U);
    vcpu.registers.rax = 0x80000000; // PCI configuration address, which covers 0xCF9
    exit_with(ExitReason::io_instruction, std::uint64_t{0xCF8} << 16 | 3);
    EXPECT_EQ(machine.port_writes.back(),
              (std::pair<std::uint16_t, std::uint32_t>{0xCF8, 0x80000000}));
    vcpu.registers.rax = 7;
    EXPECT_THROW(exit_with(ExitReason::io_instruction, std::uint64_t{0xF4} << 16), RunEnded);
    EXPECT_NE(machine.console.find("@end status=7"), std::string::npos);
}

TEST_F(Exits, TheWordThatEndsBochsHasAStatusOfItsOwn) {
    const auto spell = [&](std::string_view text) {
        for (const char letter : text)
            out(abi::bochs_exit_port, 1, static_cast<std::uint8_t>(letter));
    };
    spell("Shut down"); // a byte that is not in the word
    spell("hutdown");
    spell("ShSuhtwdo"); // as Bochs, which passes over letters that come too early or again
    EXPECT_EQ(machine.console, "");
    spell("w");
    EXPECT_THROW(spell("n"), RunEnded);
    EXPECT_NE(machine.console.find("lazyhv: the guest has shut the emulator down"),
              std::string::npos);
    EXPECT_NE(machine.console.find("@end status=5"), std::string::npos) << machine.console;
}

// Those of start-up code, which the monitor interprets.
TEST_F(Exits, PortsOfInterpretedCodeAreJudgedWhereTheyExit) {
    const std::uint64_t bitmaps = machine.machine().io_bitmaps = machine.take_guest_page();
    (void)machine.take_guest_page(); // for bitmap B
    fill_io_bitmaps(bitmaps, machine.machine().chipset.acpi);
    EXPECT_EQ(input_from_port(vcpu, 0x70, 2), 0xFFFFU);
    output_to_port(vcpu, 0x80, 1, 0x5A);
    output_to_port(vcpu, 0x1234, 4, 0x01020304);
    output_to_port(vcpu, system_control_a, 1, 0);
    output_to_port(vcpu, system_control_a - 1, 2, 0x0100); // dropped: it would reset
    output_to_port(vcpu, 0xFFFF, 2, 0);                    // wraps
    const std::vector<std::pair<std::uint16_t, std::uint32_t>> written{
        {0x80, 0x5A}, {0x1234, 0x01020304}, {system_control_a, 2}};
    EXPECT_EQ(machine.port_writes, written);
    EXPECT_THROW(output_to_port(vcpu, system_control_a, 1, 1), RunEnded);
}

// SDM vol. 3, 18.2.4: R/W 10 with CR4.DE, any port of the access.
TEST_F(Exits, BreakpointsOnPortsComeAfterTheAccess) {
    const auto met = [&](std::uint32_t direction, std::uint16_t port, std::uint32_t size) {
        machine.fields[Field::guest_pending_debug_exceptions] = 0;
        vcpu.registers.rax = 0;
        exit_with(ExitReason::io_instruction,
                  std::uint64_t{port} << 16 | direction << 3 | (size - 1));
        EXPECT_EQ(machine.fields[Field::guest_rip], 0x1002U);
        return machine.fields[Field::guest_pending_debug_exceptions];
    };
    machine.breakpoints = {system_control_a, 0x93, 0x64, 0};
    // DR0: 1 byte, enabled. DR1: 2 bytes from 0x92, enabled. DR2 is not enabled.
    machine.fields[Field::guest_dr7] = 1 | 1 << 2 | 2 << 16 | 2 << 20 | 1 << 22 | 2 << 24;
    EXPECT_EQ(met(1, system_control_a, 1), 0U); // CR4.DE is clear
    machine.fields[Field::guest_cr4] |= cr4::debugging_extensions;
    EXPECT_EQ(met(1, system_control_a, 1), pending_debug::enabled_breakpoint | 3);
    EXPECT_EQ(met(0, system_control_a, 1), pending_debug::enabled_breakpoint | 3);
    EXPECT_EQ(met(1, 0x8F, 4), pending_debug::enabled_breakpoint | 3);
    EXPECT_EQ(met(1, keyboard_controller_command, 1), 0U);
    EXPECT_EQ(met(1, 0x93, 1), pending_debug::enabled_breakpoint | 2);
    machine.fields[Field::guest_dr7] = 1 | 3 << 16; // data
    EXPECT_EQ(met(1, system_control_a, 1), 0U);
}

TEST_F(Exits, PortsThatSleepOrReset) {
    machine.machine().chipset.acpi.power_management_control[0] = 0xB004;
    out(0xB004, 2, 1);
    EXPECT_EQ(machine.port_writes.back(), (std::pair<std::uint16_t, std::uint32_t>{0xB004, 1}));
    EXPECT_THROW(out(0xB004, 2, 0x2000), RunEnded);
    EXPECT_NE(machine.console.find("@end status=4"), std::string::npos) << machine.console;
    EXPECT_THROW(out(0xB005, 1, 0x20), RunEnded);
    machine.console.clear();
    EXPECT_THROW(out(system_control_a, 1, 1), RunEnded);
    EXPECT_NE(machine.console.find("@end status=3"), std::string::npos) << machine.console;
    EXPECT_THROW(out(reset_control, 1, 6), RunEnded);
    for (std::uint32_t command = 0xF0; command < 0x100; ++command) {
        if ((command & 1) == 0) {
            EXPECT_THROW(out(keyboard_controller_command, 1, command), RunEnded) << command;
        } else {
            out(keyboard_controller_command, 1, command);
            EXPECT_EQ(machine.port_writes.back(), (std::pair<std::uint16_t, std::uint32_t>{
                                                      keyboard_controller_command, command}));
        }
    }
}

TEST_F(Exits, FirmwareInSmmIsCalledForAcpiAlone) {
    AcpiPorts& acpi = machine.machine().chipset.acpi;
    acpi.smi_command = advanced_power_management_control;
    acpi.acpi_enable = 0xF1;
    acpi.acpi_disable = 0xF0;
    out(advanced_power_management_control, 1, 0x55);
    EXPECT_TRUE(machine.port_writes.empty());
    EXPECT_EQ(vcpu.statistics.refused, 1U);
    out(advanced_power_management_control, 1, 0xF1);
    EXPECT_EQ(machine.port_writes.size(), 1U);
}

TEST_F(Exits, GuardedPciRegistersAreReadOnly) {
    VirtualMachine& vm = machine.machine();
    vm.io_bitmaps = machine.take_guest_page();
    vm.chipset.guarded.push_back({0, 0, 0xFF});         // the host bridge
    vm.chipset.guarded.push_back({0x0B00, 0x40, 0x43}); // device 1, function 3
    const auto data_exits = [&] {
        return *direct_pointer(vm.io_bitmaps + pci_configuration_data / 8) >> 4 == 0xF;
    };
    for (const std::uint64_t guarded : {0x80000072U, 0x80000B40U, 0x8F000B43U}) {
        out(pci_configuration_address, 4, guarded);
        EXPECT_TRUE(data_exits()) << guarded;
        const std::size_t writes = machine.port_writes.size();
        out(pci_configuration_data + 2, 1, 0x4A);
        out(pci_configuration_data, 4, 0x4A4A4A4A);
        EXPECT_EQ(machine.port_writes.size(), writes);
    }
    EXPECT_EQ(vcpu.statistics.refused, 6U);
    for (const std::uint64_t free : {0x80000B3CU, 0x80000B44U, 0x80000800U, 0x00000072U}) {
        out(pci_configuration_address, 4, free);
        EXPECT_FALSE(data_exits()) << free;
    }
    const std::size_t writes = machine.port_writes.size();
    for (std::uint16_t port = 0xCF8; port < 0xCFC; ++port)
        out(port, 1, 0x72); // the address register takes no bytes
    EXPECT_EQ(machine.port_writes.size(), writes);
}

TEST_F(Exits, InputKeepsTheUpperBytes) {
    vcpu.registers.rax = 0x1122334455667788;
    exit_with(ExitReason::io_instruction, std::uint64_t{system_control_a} << 16 | 1 << 3);
    EXPECT_EQ(vcpu.registers.rax, 0x11223344556677FFU);
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
