#pragma once
// What of the machine's chipset could take a guest out of the monitor, as boot/chipset.cpp finds
// it: registers that put the machine to sleep, reset it or call its firmware, and those that move
// such registers (docs/profiles.md, "Firmware and chipset"). registers/port_policy.cpp guards them.

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <array>
#include <cstdint>

namespace hv {

/// I/O ports of ACPI's fixed hardware (ACPI specification 6.5, 4.8.3 and 5.2.9). 0: there is none.
struct AcpiPorts {
    /// PM1a_CNT and PM1b_CNT, 16 bits wide.
    std::array<std::uint16_t, 2> power_management_control{};
    std::uint16_t sleep_control = 0; ///< SLEEP_CONTROL_REG
    std::uint16_t reset = 0;         ///< RESET_REG
    /// SMI_CMD: a write calls the firmware in SMM.
    std::uint16_t smi_command = 0;
    std::uint8_t acpi_enable = 0; ///< what an operating system writes to SMI_CMD
    std::uint8_t acpi_disable = 0;
};

/// Registers [first, last] of a function's configuration space that a guest may not write.
struct GuardedRegisters {
    std::uint32_t function; ///< as in bits 23:8 of the configuration address, 7:0 clear
    std::uint8_t first;
    std::uint8_t last;
};

struct Chipset {
    AcpiPorts acpi;
    boost::container::static_vector<GuardedRegisters, 8> guarded;
    /// Where the configuration space of their functions is reached through memory: physical
    /// addresses of pages that a guest may only read.
    boost::container::static_vector<std::uint64_t, 8> guarded_pages;
    /// PCI's address register as the firmware and the boot loader have left it.
    std::uint32_t selected = 0;

    bool guards(std::uint64_t gpa) const {
        constexpr std::uint64_t page = 0x1000;
        return std::any_of(guarded_pages.begin(), guarded_pages.end(),
                           [gpa](std::uint64_t begin) { return gpa - begin < page; });
    }
};

/// PCI configuration mechanism #1 as the guest has set it. With the page-table lock held.
struct PciConfiguration {
    std::uint32_t address = 0; ///< the last value that was written to the address register
    /// The data ports exit: guarded registers are selected.
    bool data_exits = false;
};

} // namespace hv
