// MSRs, CPUID, time stamps, ports, MONITOR, instructions of VT-x and SMX.

#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/tables.h"

extern "C" const char syscall_landing[];

namespace fidelity {
namespace {

constexpr std::uint64_t not_canonical = 0x8000000000000000;

/// Only MSRs of which docs/profiles.md does not say that they are another machine's: of those that
/// do not exist, Bochs reads 0.
void read_msr(Assembler& a) {
    constexpr std::uint64_t numbers[] = {0x1B,       0xFE,       0x174,      0x175,      0x176,
                                         0x277,      0x2FF,      0x200,      0x201,      0x250,
                                         0x258,      0xC0000080, 0xC0000081, 0xC0000082, 0xC0000083,
                                         0xC0000084, 0xC0000100, 0xC0000101, 0xC0000102, 0x802,
                                         0x808,      0x83F,      0x1A0};
    a.require(rcx, a.random().one_of(numbers) |
                       (a.is_64_bit() && a.random().chance(30) ? a.random().next() << 32 : 0));
    a.plain({.opcode = {0x0F, 0x32}, .fixed_size = true});
}

void write_msr(Assembler& a) {
    struct Write {
        std::uint32_t number;
        std::uint64_t value;
    };
    const std::uint64_t any = a.any_target(8);
    const Write writes[] = {{0x174, 0},
                            {0x174, 0x1234},
                            {0x175, any},
                            {0x176, any},
                            {0x277, 0x0007040600070406},
                            {0x277, 0x0007040600070402},
                            {0x277, 0x0107040600070406},
                            {0x277, 0x0607040600070406},
                            {0xC0000080, baseline_efer},
                            {0xC0000080, baseline_efer ^ 1},
                            {0xC0000080, baseline_efer ^ 0x800},
                            {0xC0000080, baseline_efer ^ 2},
                            {0xC0000080, baseline_efer ^ 0x100},
                            {0xC0000080, baseline_efer ^ 0x400},
                            {0xC0000080, baseline_efer | std::uint64_t{1} << 40},
                            {0xC0000081, a.random().next()},
                            {0xC0000082, not_canonical},
                            {0xC0000082, address_of(syscall_landing)},
                            {0xC0000083, any},
                            {0xC0000084, a.random().next() & 0x47FFF},
                            {0xC0000084, std::uint64_t{1} << 40},
                            {0xC0000100, any},
                            {0xC0000101, any},
                            {0xC0000102, any},
                            {0xFE, 0},
                            {0x808, 0},
                            {0x830, 0},
                            {0x200, 2},
                            {0x2FF, 0x1C06},
                            {0x2FF, 0xC02}};
    const Write write = a.random().one_of(writes);
    const bool garbage = a.is_64_bit() && a.random().chance(30);
    a.require(rcx, write.number | (garbage ? a.random().next() << 32 : 0));
    a.require(rax, (write.value & 0xFFFFFFFF) | (garbage ? a.random().next() << 32 : 0));
    a.require(rdx, write.value >> 32);
    a.plain({.opcode = {0x0F, 0x30}, .fixed_size = true});
}

void cpuid(Assembler& a) {
    constexpr std::uint64_t leaves[] = {0x80000000, 0x80000002, 0x80000003, 0x80000004,
                                        0x80000005, 0x80000006, 0x80000008};
    a.require(rax, a.random().one_of(leaves));
    a.require(rcx, a.random().below(4));
    a.plain({.opcode = {0x0F, 0xA2}, .fixed_size = true});
}

void ignore_time(Assembler& a) {
    // The values are the machine's.
    a.test_case().ignored_registers |= 1U << rax | 1U << rdx;
}
void read_time(Assembler& a) {
    ignore_time(a);
    a.plain({.opcode = {0x0F, 0x31}, .fixed_size = true});
}
void read_time_and_processor(Assembler& a) {
    ignore_time(a);
    a.plain({.opcode = {0x0F, 0x01, 0xF9}, .fixed_size = true});
}
void read_counter(Assembler& a) {
    a.require(rcx, a.random().one_of<std::uint64_t>({0x100, 0x7FFFFFFF, 0x40000005}));
    a.plain({.opcode = {0x0F, 0x33}, .fixed_size = true});
}
void read_processor(Assembler& a) {
    a.with_registers({.opcode = {0x0F, 0xC7}, .mandatory = 0xF3, .fixed_size = true}, 7,
                     a.any_register());
}

/// Ports whose reads change nothing.
constexpr std::uint16_t quiet_ports[] = {0x64, 0x80, 0x92, 0x21, 0xA1, 0x3FB, 0x3FF, 0x4D0, 0xCF8};

void in(Assembler& a) {
    a.without_prefixes();
    const std::uint32_t size = a.random().one_of<std::uint32_t>({1, 1, 2, 4});
    const std::uint16_t port = a.random().one_of(quiet_ports);
    if (port < 0x100 && a.random().chance(50)) {
        return a.plain({.opcode = {static_cast<std::uint8_t>(size > 1 ? 0xE5 : 0xE4)},
                        .size = size,
                        .immediate = port,
                        .immediate_size = 1});
    }
    a.require(rdx, port | a.random().next() << 16);
    a.plain({.opcode = {static_cast<std::uint8_t>(size > 1 ? 0xED : 0xEC)}, .size = size});
}

void out(Assembler& a) {
    a.without_prefixes();
    const std::uint16_t port = a.random().one_of<std::uint16_t>({0x80, 0x3FF, 0x92, 0x64});
    std::uint64_t value = a.random().next();
    if (port == 0x92)
        value = 2 | value << 8; // A20 stays on
    if (port == 0x64)
        value = 0xFF | value << 8; // pulses no line
    a.require(rax, value);
    a.require(rdx, port | a.random().next() << 16);
    a.plain({.opcode = {0xEE}, .fixed_size = true});
}

/// OUTS of 4 bytes selects registers of PCI configuration space.
void string_port(Assembler& a) {
    a.without_prefixes();
    const std::uint32_t size = a.random().one_of<std::uint32_t>({1, 1, 2, 4});
    const bool is_input = a.random().chance(60);
    const std::uint16_t input = a.random().one_of<std::uint16_t>({0x64, 0x3FF, 0x80, 0x92});
    const std::uint16_t output =
        size == 4 ? 0xCF8 : a.random().one_of<std::uint16_t>({0x80, 0x3FF});
    a.require(rdx, is_input ? input : output);
    a.require(rdi, a.loadable_target(size));
    a.require(rsi, a.loadable_target(size));
    a.require(rcx, a.random().below(20));
    if (a.random().chance(25))
        a.byte(a.random().one_of<std::uint8_t>({0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65}));
    if (a.random().chance(60))
        a.byte(0xF3);
    // In 64-bit mode Bochs then judges the segment, which has no rights there.
    if (a.test_case().mode.bits == 16 || (a.random().chance(10) && !a.is_64_bit()))
        a.byte(0x67);
    const std::uint8_t opcode = is_input ? 0x6C : 0x6E;
    a.plain({.opcode = {static_cast<std::uint8_t>(size > 1 ? opcode + 1 : opcode)}, .size = size});
}

void monitor(Assembler& a) {
    a.require(rax, a.any_target(8));
    a.require(rcx, a.random().one_of<std::uint64_t>({0, 0, 0, 1}));
    a.plain({.opcode = {0x0F, 0x01, 0xC8}, .fixed_size = true});
}
/// In ring 0 with a reserved extension, so that it does not wait.
void mwait(Assembler& a) {
    a.require(rcx, a.is_ring_3() ? 0 : 2);
    a.require(rax, 0);
    a.plain({.opcode = {0x0F, 0x01, 0xC9}, .fixed_size = true});
}

/// All but VMCALL, which is a call of the monitor.
void virtualization(Assembler& a) {
    constexpr std::uint8_t without_operand[] = {0xC2, 0xC3, 0xC4, 0xD4};
    switch (a.random().below(4)) {
    case 0:
        return a.plain(
            {.opcode = {0x0F, 0x01, a.random().one_of(without_operand)}, .fixed_size = true});
    case 1:
        return a.with_memory({.opcode = {0x0F, 0xC7},
                              .mandatory = a.random().one_of<std::uint8_t>({0xF3, 0x66, 0}),
                              .fixed_size = true},
                             a.random().one_of<std::uint32_t>({6, 7}), a.any_target(8));
    case 2:
        return a.with_operand(
            {.opcode = {0x0F, a.random().one_of<std::uint8_t>({0x78, 0x79})}, .fixed_size = true},
            a.any_register(), 8);
    default:
        return a.with_memory({.opcode = {0x0F, 0x38, a.random().one_of<std::uint8_t>({0x80, 0x81})},
                              .mandatory = 0x66,
                              .fixed_size = true},
                             a.any_register(), a.any_target(16));
    }
}

void getsec(Assembler& a) {
    a.require(rax, a.random().below(9));
    a.plain({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0x37, 0xAA})}, .fixed_size = true});
}

constexpr Kind specific[] = {{"read-msr", read_msr},
                             {"write-msr", write_msr},
                             {"cpuid", cpuid},
                             {"read-time", read_time, true},
                             {"read-time-and-processor", read_time_and_processor, true},
                             {"read-counter", read_counter},
                             {"read-processor", read_processor}};
constexpr Kind ports[] = {{"in", in}, {"out", out}, {"string-port", string_port}};
constexpr Kind extensions[] = {{"monitor", monitor},
                               {"mwait", mwait},
                               {"virtualization", virtualization},
                               {"getsec-rsm", getsec}};

} // namespace

std::span<const Kind> model_specific_kinds() { return specific; }
std::span<const Kind> port_kinds() { return ports; }
std::span<const Kind> virtualization_kinds() { return extensions; }

} // namespace fidelity
