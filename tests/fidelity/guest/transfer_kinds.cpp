// Flags, interrupts and exceptions, and transfers of control.

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/tables.h"

#include <algorithm>
#include <array>

namespace fidelity {
namespace {

constexpr std::uint64_t trap_flag = 1 << 8;
constexpr std::uint64_t interrupt_flag = 1 << 9;

void pop_flags(Assembler& a) {
    const std::uint64_t target = a.any_target(8);
    a.poke(target, any_flags(a) | (a.random().chance(5) ? std::uint64_t{1} << 17 : 0), 8);
    a.require(rsp, target);
    a.plain({.opcode = {0x9D}, .size = a.random().chance(20) ? 2U : 4U});
}
void push_flags(Assembler& a) {
    a.plain({.opcode = {0x9C}, .size = a.random().chance(20) ? 2U : 4U});
}
void interrupt_flag_instruction(Assembler& a) {
    a.plain({.opcode = {a.random().one_of<std::uint8_t>({0xFA, 0xFB})}, .fixed_size = true});
}
void no_operation(Assembler& a) { a.plain({.opcode = {0x90}, .fixed_size = true}); }

void software_interrupt(Assembler& a) {
    // The handlers of 8, 10 to 14 and 17 expect an error code.
    constexpr std::uint8_t vectors_of_ring_0[] = {plain_vector,
                                                  kernel_vector,
                                                  trap_vector,
                                                  absent_vector,
                                                  first_spare_vector,
                                                  0x8A,
                                                  0xFF,
                                                  pending_vector,
                                                  0x20,
                                                  3,
                                                  1,
                                                  5};
    constexpr std::uint8_t vectors_of_ring_3[] = {
        plain_vector, kernel_vector, trap_vector, absent_vector, 0x8A, 0xFF, 0x0D, 0x0E, 8};
    const std::uint8_t vector =
        a.is_ring_3() ? a.random().one_of(vectors_of_ring_3) : a.random().one_of(vectors_of_ring_0);
    a.plain({.opcode = {0xCD}, .fixed_size = true, .immediate = vector, .immediate_size = 1});
}
void breakpoint_instruction(Assembler& a) {
    a.plain({.opcode = {a.random().one_of<std::uint8_t>({0xCC, 0xF1, 0xCE})}, .fixed_size = true});
}
void undefined(Assembler& a) {
    if (a.random().chance(50))
        return a.plain({.opcode = {0x0F, 0x0B}, .fixed_size = true});
    a.with_memory({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0xB9, 0xFF})}}, 0,
                  a.any_target(4));
}
void divide(Assembler& a) {
    const std::uint32_t divisor = a.any_register();
    a.require(divisor, a.random().one_of<std::uint64_t>({0, 0, 1, 3}));
    a.with_registers({.opcode = {0xF7}, .size = a.is_64_bit() ? 8U : 4U},
                     a.random().one_of<std::uint32_t>({6, 7}), divisor);
}
/// In ring 0 with interrupts on: the one that waits ends the halt, or else the timer's.
void halt(Assembler& a) {
    if (!a.is_ring_3()) {
        constexpr std::uint64_t below_timer = (timer_vector >> 4) - 1;
        a.test_case().cr8 = std::min(a.test_case().cr8, below_timer);
        a.test_case().halts = true;
        a.plain({.opcode = {0xFB}, .fixed_size = true});
    }
    a.plain({.opcode = {0xF4}, .fixed_size = true});
}

std::uint16_t any_code_selector(Random& random) {
    constexpr std::uint16_t selectors[] = {
        kernel_code,    kernel_code, user_code,        user_code_32, user_code_16, kernel_code_32,
        kernel_code_16, absent_code, conforming_code,  ldt_code,     kernel_data,  0,
        tss_selector,   0x108,       execute_only_code};
    return random.one_of(selectors);
}

/// Where a transfer leads: to the end of the case so many times in a hundred, otherwise to any
/// address.
std::uint64_t transfer_target(Assembler& a, std::uint16_t cs, std::uint32_t percent) {
    return a.random().chance(percent) ? a.end_of_case(cs) : a.any_target(1);
}

/// Puts words of a size on the stack, the first one at RSP.
void put_on_stack(Assembler& a, std::uint64_t at, std::uint32_t size,
                  std::initializer_list<std::uint64_t> words) {
    for (const std::uint64_t word : words) {
        a.poke(at, word, size);
        at += size;
    }
    a.require(rsp, at - size * words.size());
}

void interrupt_return(Assembler& a) {
    const std::uint32_t size = a.is_64_bit() && a.random().chance(80) ? 8 : 4;
    const std::uint16_t cs = any_code_selector(a.random());
    const std::uint16_t ss = (cs & 3) == 3 ? user_data : kernel_data;
    const std::uint64_t rip = transfer_target(a, cs, 90);
    put_on_stack(a, a.any_target(40), size,
                 {rip, cs, any_flags(a), slot_address(slot_stack) + 0x900,
                  a.random().chance(85) ? ss : any_selector(a.random())});
    a.plain({.opcode = {0xCF}, .size = size});
}

void far_return(Assembler& a) {
    const std::uint32_t size = a.is_64_bit() && a.random().chance(60) ? 8 : 4;
    const std::uint16_t cs = any_code_selector(a.random());
    put_on_stack(a, a.any_target(32), size,
                 {a.end_of_case(cs), cs, slot_address(slot_stack) + 0x900, user_data});
    a.plain({.opcode = {0xCB}, .size = size});
}

/// Far CALL and JMP through memory.
void far_pointer(Assembler& a) {
    const std::uint16_t cs = any_code_selector(a.random());
    const std::uint64_t target = a.any_target(6);
    const std::uint32_t size = a.is_64_bit() && a.random().chance(30) ? 8 : 4;
    a.poke(target, a.end_of_case(cs), size);
    a.poke(target + size, cs, 2);
    a.with_memory({.opcode = {0xFF}, .size = size}, a.random().one_of<std::uint32_t>({3, 5}),
                  target);
}

void near_call(Assembler& a) {
    const std::uint32_t destination = a.any_register();
    a.require(destination, transfer_target(a, a.test_case().cs, 70));
    if (a.random().chance(50))
        a.require(rsp, a.any_target(8) + 8);
    a.with_registers({.opcode = {0xFF}, .size = 4, .fixed_size = a.is_64_bit()},
                     a.random().one_of<std::uint32_t>({2, 4}), destination);
}

void near_return(Assembler& a) {
    put_on_stack(a, a.any_target(8), a.word_size(), {transfer_target(a, a.test_case().cs, 70)});
    a.plain({.opcode = {0xC3}, .size = 4, .fixed_size = a.is_64_bit()});
}

void system_call(Assembler& a) {
    a.plain({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0x05, 0x34})}, .fixed_size = true});
}

void system_return(Assembler& a) {
    const bool is_wide = a.is_64_bit() && a.random().chance(60);
    const std::uint16_t cs = is_wide ? user_code : user_code_32;
    const std::uint64_t rip = transfer_target(a, cs, 85);
    if (a.random().chance(60)) {
        a.require(rcx, rip);
        if (a.is_64_bit())
            a.require(r11, any_flags(a));
        return a.plain({.opcode = {0x0F, 0x07}, .size = is_wide ? 8U : 4U});
    }
    a.require(rdx, rip);
    a.require(rcx, slot_address(slot_stack) + 0x900);
    a.plain({.opcode = {0x0F, 0x35}, .size = is_wide ? 8U : 4U});
}

constexpr Kind flags[] = {{"pop-flags", pop_flags},
                          {"push-flags-plain", push_flags},
                          {"interrupt-flag", interrupt_flag_instruction},
                          {"no-operation", no_operation}};
constexpr Kind interrupts[] = {{"software-interrupt", software_interrupt},
                               {"breakpoint-instruction", breakpoint_instruction},
                               {"undefined", undefined},
                               {"divide", divide}};
constexpr Kind halts[] = {{"halt", halt, true}};
constexpr Kind transfers[] = {{"interrupt-return", interrupt_return}, {"far-return", far_return},
                              {"far-pointer", far_pointer},           {"near-call", near_call},
                              {"near-return", near_return},           {"system-call", system_call},
                              {"system-return", system_return}};

} // namespace

std::span<const Kind> flag_kinds() { return flags; }
std::span<const Kind> interrupt_kinds() { return interrupts; }
std::span<const Kind> halt_kinds() { return halts; }
std::span<const Kind> transfer_kinds() { return transfers; }

std::uint64_t any_flags(Assembler& a) {
    std::uint64_t value = 2 | (a.random().next() & 0x8D5);
    const std::uint64_t choice = a.random().next();
    if ((choice & 7) == 0)
        value |= 1 << 10; // DF
    if ((choice >> 3 & 3) == 0)
        value |= interrupt_flag;
    if ((choice >> 5 & 7) == 0)
        value |= 3 << 12; // IOPL
    if ((choice >> 8 & 31) == 0)
        value |= 1 << 14; // NT
    if ((choice >> 13 & 7) == 0)
        value |= 1 << 16; // RF
    if ((choice >> 16 & 3) == 0)
        value |= 1 << 18; // AC
    if ((choice >> 18 & 7) == 0 && a.test_case().takes(feature_trap_flag))
        value |= trap_flag;
    return value;
}

} // namespace fidelity
