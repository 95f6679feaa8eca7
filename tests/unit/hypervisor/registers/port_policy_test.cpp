// Ports that exit.

#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/pci_configuration.h"
#include "hypervisor/registers/port_policy.h"
#include "hypervisor/vmx/guest_state.h"
#include "shared/console.h"
#include "tests/unit/cases/exit_case.h"

namespace hv::test {
namespace {

using abi::ExitReason;

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

} // namespace
} // namespace hv::test
