// Every I/O port.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/start_processors.h"
#include "guest/kernel/cpu/port.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "shared/console.h"

namespace guest::hostile {
namespace {

constexpr std::uint16_t smi_command = 0xB2;
constexpr std::uint16_t pci_address = 0xCF8;
constexpr std::uint16_t pci_data = 0xCFC;
/// Ports that exit (docs/profiles.md, "Ports"), beside the two that put the machine to sleep.
constexpr std::uint16_t trapped[]{0x64,
                                  0x92,
                                  smi_command,
                                  abi::qemu_exit_port,
                                  pci_address,
                                  pci_address + 1,
                                  pci_address + 2,
                                  0xCFB,
                                  abi::bochs_exit_port};
constexpr std::uint32_t ports = 0x10000;

/// Ports of the UART: what is read there is lost to the console.
constexpr bool is_uart(std::uint32_t port) { return port >= 0x3F8 && port < 0x400; }
/// Ports where Bochs has no device: at 0x1000 and above, except the chipset's power management and
/// what the PCI BIOS has assigned.
constexpr bool is_nobodys(std::uint32_t port) { return port >= 0x1000 && port < 0xB000; }

/// Whether an access of `size` bytes touches a trapped port, or wraps.
bool exits(std::uint32_t port, std::uint32_t size) {
    if (port + size > ports)
        return true;
    for (const std::uint32_t one : trapped)
        if (one >= port && one < port + size)
            return true;
    const std::uint32_t sleep = processors::sleep_port();
    return sleep != 0 && sleep + 1 >= port && sleep < port + size;
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

Caught insert(std::uint16_t port, std::uint64_t where) {
    return caught([port, where] {
        std::uint64_t at = where;
        asm volatile("insb" : "+D"(at) : "d"(port) : "memory");
    });
}

/// INS from every trapped port, and from one to an address that is none; OUTS to one that takes it.
std::uint64_t try_strings(Attempt& attempt) {
    constexpr std::uint64_t not_canonical = std::uint64_t{1} << 63;
    constexpr std::uint16_t system_control_a = 0x92;
    constexpr std::uint8_t a20_enable = 2;
    static std::uint8_t buffer[2];
    for (const std::uint16_t port : trapped)
        attempt.told(insert(port, reinterpret_cast<std::uint64_t>(buffer)), no_exception);
    attempt.told(insert(system_control_a, not_canonical), interrupts::general_protection);
    buffer[0] = buffer[1] = a20_enable;
    attempt.told(
        caught([] {
            auto* at = buffer;
            std::uint64_t count = std::size(buffer);
            asm volatile("rep outsb" : "+S"(at), "+c"(count) : "d"(system_control_a) : "memory");
        }),
        no_exception);
    return std::size(trapped) + 1 + std::size(buffer);
}

void out32(std::uint16_t port, std::uint32_t value) {
    asm volatile("outl %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}
void out16(std::uint16_t port, std::uint16_t value) {
    asm volatile("outw %0, %w1" : : "a"(value), "Nd"(port) : "memory");
}
std::uint32_t in32(std::uint16_t port) {
    std::uint32_t value = 0;
    asm volatile("inl %w1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

void all_ports(Attempt& attempt) {
    out32(pci_address, 0); // while it names a guarded register, the data ports exit
    std::uint64_t expected = 1 + read_all(1) + read_all(2) + read_all(4);
    expected += write_all();
    expected += write_around();
    expected += try_strings(attempt);
    attempt.counted(counter::exit(abi::ExitReason::io_instruction), expected);
    attempt.counted(counter::refused, 0);
}

/// The address of a register of the host bridge, bus 0, device 0, function 0.
constexpr std::uint32_t host_bridge(std::uint32_t offset) { return 0x80000000 | offset; }

std::uint32_t read_pci(std::uint32_t address) {
    out32(pci_address, address);
    return in32(pci_data);
}

/// Opens SMRAM in each register that could be its control, by bytes, words and double words.
void chipset(Attempt& attempt) {
    constexpr std::uint32_t first = 0x70;
    constexpr std::uint32_t end = 0xA0;
    std::uint64_t writes = 0;
    for (std::uint32_t offset = first; offset < end; offset += 4) {
        const std::uint32_t before = read_pci(host_bridge(offset));
        out32(pci_data, 0x4A4A4A4A);
        out16(pci_data + 2, 0x4A4A);
        port::out8(pci_data + 3, 0x4A);
        writes += 3;
        attempt.expect(in32(pci_data) == before, "the host bridge stays as it is");
    }
    read_pci(0);
    port::out8(smi_command, 0x55);
    attempt.counted(counter::refused, writes + 1);
}

constexpr AttackCode codes[]{{"ports", all_ports}, {"chipset", chipset}};

} // namespace

std::span<const AttackCode> port_attacks() { return codes; }

} // namespace guest::hostile
