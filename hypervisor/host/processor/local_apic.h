#pragma once
// Interprocessor interrupts through this processor's local APIC, in whichever mode it is: the guest
// may have switched it to x2APIC mode (SDM vol. 3, 11.6 and 11.12).

#include <cstdint>

namespace hv::cpu {

/// What is written to the low half of the interrupt command register.
namespace ipi {
inline constexpr std::uint32_t nmi = 4 << 8;
inline constexpr std::uint32_t init = 5 << 8 | 1 << 14;
/// The processor starts at `page` << 12, below 1 MiB.
constexpr std::uint32_t startup(std::uint8_t page) { return 6 << 8 | 1 << 14 | page; }
/// Added to a command: to all processors except this one.
inline constexpr std::uint32_t to_others = 3 << 18;
} // namespace ipi

std::uint32_t local_apic_id();

/// `apic_id` does not matter with ipi::to_others. In xAPIC mode the command register's high half,
/// which the guest may have written, is put back.
void send_ipi(std::uint32_t apic_id, std::uint32_t command);

// Registers in xAPIC mode, by their offset in the page.
inline constexpr std::uint32_t xapic_command_low = 0x300;
inline constexpr std::uint32_t xapic_command_high = 0x310;
std::uint32_t read_xapic(std::uint32_t offset);
void write_xapic(std::uint32_t offset, std::uint32_t value);

} // namespace hv::cpu
