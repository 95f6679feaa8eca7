#include "hypervisor/boot/acpi/fixed_hardware.h"

#include "hypervisor/boot/acpi/tables.h"

namespace hv {

namespace {

// Offsets in the FADT (table 5.9).
constexpr std::uint32_t smi_command = 48;
constexpr std::uint32_t acpi_enable = 52;
constexpr std::uint32_t acpi_disable = 53;
constexpr std::uint32_t pm1a_control = 64;
constexpr std::uint32_t pm1b_control = 68;
constexpr std::uint32_t flags = 112;
constexpr std::uint32_t reset_register = 116;
constexpr std::uint32_t extended_pm1a_control = 172;
constexpr std::uint32_t extended_pm1b_control = 184;
constexpr std::uint32_t sleep_control = 244;
constexpr std::uint32_t reset_register_supported = 1 << 10;

// A generic address (5.2.3.2): the address space, three bytes about the access, 64 bits of address.
constexpr std::uint8_t system_io = 1;
constexpr std::uint32_t address_in_generic = 4;

class Fadt {
  public:
    Fadt(const acpi::Bytes& table, FixedHardware& found) : table_{table}, found_{found} {}

    /// A port that is written out; 0: there is none.
    std::uint16_t port(std::uint32_t offset) { return checked(table_.word<std::uint32_t>(offset)); }

    /// A register at a generic address.
    std::uint16_t generic(std::uint32_t offset) {
        const auto address = table_.word<std::uint64_t>(offset + address_in_generic);
        if (address != 0 && table_.word<std::uint8_t>(offset) != system_io) {
            found_.problem = "ACPI: a register that resets or puts to sleep is no I/O port";
            return 0;
        }
        return checked(address);
    }

  private:
    const acpi::Bytes& table_;
    FixedHardware& found_;

    std::uint16_t checked(std::uint64_t address) {
        if (address < 0xFFFF)
            return static_cast<std::uint16_t>(address);
        found_.problem = "ACPI: the FADT has a port above 0xfffe";
        return 0;
    }
};

} // namespace

FixedHardware find_fixed_hardware(std::uint64_t rsdp, std::uint64_t readable_end) {
    const acpi::FoundTable found = acpi::find_table(rsdp, acpi::signature("FACP"), readable_end);
    FixedHardware hardware;
    if (!found.table) {
        hardware.problem = found.problem;
        return hardware;
    }
    Fadt fadt{*found.table, hardware};
    AcpiPorts& ports = hardware.ports;
    ports.smi_command = fadt.port(smi_command);
    ports.acpi_enable = found.table->word<std::uint8_t>(acpi_enable);
    ports.acpi_disable = found.table->word<std::uint8_t>(acpi_disable);
    // The extended addresses, where there are any, come before the others.
    const std::uint16_t extended_a = fadt.generic(extended_pm1a_control);
    const std::uint16_t extended_b = fadt.generic(extended_pm1b_control);
    ports.power_management_control = {extended_a != 0 ? extended_a : fadt.port(pm1a_control),
                                      extended_b != 0 ? extended_b : fadt.port(pm1b_control)};
    if ((found.table->word<std::uint32_t>(flags) & reset_register_supported) != 0)
        ports.reset = fadt.generic(reset_register);
    ports.sleep_control = fadt.generic(sleep_control);
    return hardware;
}

} // namespace hv
