// Every I/O port.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/port.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "shared/console.h"

namespace guest::hostile {
namespace {

/// Ports that exit (docs/profiles.md, "Ports").
constexpr std::uint16_t trapped[]{0x64, 0x92, abi::qemu_exit_port, 0xCF9, abi::bochs_exit_port};
constexpr std::uint32_t ports = 0x10000;

/// Ports of the UART: what is read there is lost to the console.
constexpr bool is_uart(std::uint32_t port) { return port >= 0x3F8 && port < 0x400; }
/// Ports where Bochs has no device: at 0x1000 and above, except the chipset's power management and
/// what the PCI BIOS has assigned.
constexpr bool is_nobodys(std::uint32_t port) { return port >= 0x1000 && port < 0xB000; }

/// Whether an access of `size` bytes touches a trapped port, or wraps.
constexpr bool exits(std::uint32_t port, std::uint32_t size) {
    if (port + size > ports)
        return true;
    for (const std::uint32_t one : trapped)
        if (one >= port && one < port + size)
            return true;
    return false;
}

std::uint64_t read_all(std::uint32_t size) {
    std::uint64_t expected = 0;
    for (std::uint32_t port = 0; port < ports; ++port) {
        if (is_uart(port) || is_uart(port + size - 1))
            continue;
        expected += exits(port, size) ? 1U : 0U;
        const auto number = static_cast<std::uint16_t>(port);
        if (size == 1)
            asm volatile("inb %w0, %%al" : : "d"(number) : "rax", "memory");
        else if (size == 2)
            asm volatile("inw %w0, %%ax" : : "d"(number) : "rax", "memory");
        else
            asm volatile("inl %w0, %%eax" : : "d"(number) : "rax", "memory");
    }
    return expected;
}

std::uint64_t write_all() {
    std::uint64_t expected = 0;
    for (std::uint32_t port = 0; port < ports; ++port) {
        if (!is_nobodys(port))
            continue;
        expected += exits(port, 1) ? 1U : 0U;
        port::out8(static_cast<std::uint16_t>(port), 0);
    }
    return expected;
}

/// Writes that touch a trapped port without naming it, or wrap. They must have no effect.
std::uint64_t write_around() {
    constexpr std::uint16_t around[]{0x91, 0xCF8, 0xF3, 0x88FF, 0xFFFF};
    for (const std::uint16_t port : around)
        asm volatile("outw %%ax, %w0" : : "d"(port), "a"(0xFFFF) : "memory");
    asm volatile("outl %%eax, %w0" : : "d"(0xFFFE), "a"(~0U) : "memory");
    return std::size(around) + 1;
}

void try_strings(Attempt& attempt) {
    static std::uint64_t buffer[2];
    for (const std::uint16_t port : trapped) {
        attempt.told(caught([port] {
                         auto* at = buffer;
                         asm volatile("insb" : "+D"(at) : "d"(port) : "memory");
                     }),
                     interrupts::general_protection);
        attempt.told(caught([port] {
                         auto* at = buffer;
                         std::uint64_t count = 2;
                         asm volatile("rep outsl" : "+S"(at), "+c"(count) : "d"(port) : "memory");
                     }),
                     interrupts::general_protection);
    }
}

void all_ports(Attempt& attempt) {
    std::uint64_t expected = read_all(1) + read_all(2) + read_all(4);
    expected += write_all();
    expected += write_around();
    try_strings(attempt);
    expected += 2 * std::size(trapped);
    attempt.counted(counter::exit(abi::ExitReason::io_instruction), expected);
    attempt.counted(counter::refused, 2 * std::size(trapped));
}

constexpr AttackCode codes[]{{"ports", all_ports}};

} // namespace

std::span<const AttackCode> port_attacks() { return codes; }

} // namespace guest::hostile
