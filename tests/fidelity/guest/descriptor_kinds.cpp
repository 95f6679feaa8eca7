// Instructions on debug registers, descriptor-table registers and segment registers.

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/tables.h"

namespace fidelity {
namespace {

void mov_from_dr(Assembler& a) {
    a.with_registers({.opcode = {0x0F, 0x21}, .fixed_size = true},
                     static_cast<std::uint32_t>(a.random().below(8)), a.any_register());
}

void mov_to_dr(Assembler& a) {
    const auto number = static_cast<std::uint32_t>(a.random().below(8));
    const std::uint32_t source = a.any_register();
    std::uint64_t value = a.random().chance(70) ? a.any_target(8) : a.random().number();
    if (number >= 6)
        value = a.random().chance(80) ? a.random().next() & 0xFFFF27FF : a.random().number();
    // Breakpoints that the case does not know of would be hit in the kernel.
    if (number == 7 || number == 5)
        value &= ~std::uint64_t{0xFF};
    a.require(source, value);
    a.with_registers({.opcode = {0x0F, 0x23}, .fixed_size = true}, number, source);
}

void store_table_register(Assembler& a, std::uint32_t reg) {
    a.with_memory({.opcode = {0x0F, 0x01}, .fixed_size = true}, reg, a.any_target(10));
}
void sgdt(Assembler& a) { store_table_register(a, 0); }
void sidt(Assembler& a) { store_table_register(a, 1); }

/// Only values that a guest can run on; outside 64-bit mode, where the base has 32 bits, only
/// operands that fault.
void load_table_register(Assembler& a, std::uint32_t reg, std::uint64_t limit, std::uint64_t base) {
    a.without_prefixes();
    const bool is_loadable = a.is_64_bit() || a.is_ring_3();
    const std::uint64_t target = is_loadable ? a.loadable_target(10) : 0x60000000;
    a.poke(target, limit, 2);
    a.poke(target + 2, base, 8);
    a.with_memory({.opcode = {0x0F, 0x01}, .fixed_size = true}, reg, target);
}

void lgdt(Assembler& a) {
    constexpr std::uint64_t limits[] = {gdt_limit, gdt_limit, gdt_limit - 8, gdt_limit - 64,
                                        gdt_limit + 16};
    load_table_register(a, 2, a.random().one_of(limits), address_of(&gdt_page) + gdt_offset);
}
void lidt(Assembler& a) {
    load_table_register(a, 3, idt_limit, address_of(&idt_page) + idt_offset);
}

void store_selector(Assembler& a, std::uint32_t reg) {
    a.with_operand({.opcode = {0x0F, 0x00}, .size = a.is_64_bit() ? a.any_size() : 4}, reg, 2);
}
void sldt(Assembler& a) { store_selector(a, 0); }
void str(Assembler& a) { store_selector(a, 1); }

/// Any of 0F 00 with a selector as its operand, in a register or in memory.
void take_selector(Assembler& a, const Encoding& encoding, std::uint32_t reg,
                   std::uint16_t selector) {
    if (a.random().chance(60)) {
        const std::uint32_t source = a.any_register();
        a.require(source, selector | (a.random().next() << 16));
        return a.with_registers(encoding, reg, source);
    }
    const std::uint64_t target = a.any_target(2);
    a.poke(target, selector, 2);
    a.with_memory(encoding, reg, target);
}

void lldt(Assembler& a) {
    constexpr std::uint16_t selectors[] = {0,
                                           3,
                                           ldt_selector,
                                           ldt_selector | 3,
                                           kernel_data,
                                           0x108,
                                           tss_selector,
                                           absent_ldt,
                                           ldt_selector | 4};
    take_selector(a, {.opcode = {0x0F, 0x00}, .fixed_size = true}, 2, a.random().one_of(selectors));
}
void ltr(Assembler& a) {
    constexpr std::uint16_t selectors[] = {0,     3,          tss_selector,     kernel_data,
                                           0x108, absent_ldt, tss_selector | 4, kernel_code};
    take_selector(a, {.opcode = {0x0F, 0x00}, .fixed_size = true}, 3, a.random().one_of(selectors));
}
void verify(Assembler& a) {
    take_selector(a, {.opcode = {0x0F, 0x00}, .fixed_size = true},
                  a.random().one_of<std::uint32_t>({4, 5}), any_selector(a.random()));
}
void load_rights(Assembler& a) {
    const std::uint32_t destination = a.any_register();
    take_selector(a, {.opcode = {0x0F, a.random().one_of<std::uint8_t>({0x02, 0x03})}}, destination,
                  any_selector(a.random()));
}

constexpr std::uint32_t segment_registers[] = {0, 2, 3, 4, 5};

void mov_to_segment(Assembler& a) {
    take_selector(a, {.opcode = {0x8E}, .fixed_size = true}, a.random().one_of(segment_registers),
                  any_selector(a.random()));
}
void mov_from_segment(Assembler& a) {
    a.with_operand({.opcode = {0x8C}, .size = a.is_64_bit() ? a.any_size() : 4},
                   static_cast<std::uint32_t>(a.random().below(7)), 2);
}
void mov_to_ss(Assembler& a) {
    const std::uint32_t source = a.any_register();
    a.require(source, a.is_ring_3() ? user_data : kernel_data);
    a.with_registers({.opcode = {0x8E}, .fixed_size = true}, 2, source);
}

void load_far_pointer(Assembler& a) {
    const std::uint8_t opcode = a.random().one_of<std::uint8_t>({0xB2, 0xB4, 0xB5});
    const std::uint32_t destination = a.any_register();
    const std::uint64_t target = a.any_target(6);
    a.poke(target, a.random().number(), 4);
    a.poke(target + 4, any_selector(a.random()), 2);
    a.with_memory({.opcode = {0x0F, opcode}}, destination, target);
}

void pop_segment(Assembler& a) {
    const std::uint64_t target = a.any_target(8);
    a.poke(target, any_selector(a.random()), 8);
    a.require(rsp, target);
    a.plain({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0xA1, 0xA9})}, .fixed_size = true});
}
void push_segment(Assembler& a) {
    a.require(rsp, a.any_target(8) + 8);
    a.plain({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0xA0, 0xA8})},
             .size = a.random().one_of<std::uint32_t>({2, 4})});
}

constexpr Kind debug_kinds[] = {{"mov-from-dr", mov_from_dr}, {"mov-to-dr", mov_to_dr}};
constexpr Kind register_kinds[] = {{"sgdt", sgdt},       {"sidt", sidt}, {"lgdt", lgdt, true},
                                   {"lidt", lidt, true}, {"sldt", sldt}, {"str", str},
                                   {"lldt", lldt},       {"ltr", ltr}};
constexpr Kind kinds_of_segments[] = {
    {"verify-segment", verify},         {"load-access-rights", load_rights},
    {"mov-to-segment", mov_to_segment}, {"mov-from-segment", mov_from_segment},
    {"mov-to-ss", mov_to_ss},           {"load-far-pointer", load_far_pointer},
    {"pop-segment", pop_segment},       {"push-segment", push_segment}};

} // namespace

std::span<const Kind> debug_register_kinds() { return debug_kinds; }
std::span<const Kind> descriptor_register_kinds() { return register_kinds; }
std::span<const Kind> segment_kinds() { return kinds_of_segments; }

std::uint16_t any_selector(Random& random) {
    constexpr std::uint16_t selectors[] = {0,
                                           3,
                                           kernel_data,
                                           user_data,
                                           limited_data,
                                           based_data,
                                           absent_data,
                                           read_only_data,
                                           expand_down_data,
                                           absent_code,
                                           kernel_code,
                                           user_code,
                                           conforming_code,
                                           execute_only_code,
                                           ldt_data,
                                           ldt_code,
                                           ldt_empty,
                                           0x108,
                                           0x2F,
                                           tss_selector,
                                           ldt_selector,
                                           kernel_data | 3,
                                           user_data & ~3,
                                           first_spare_entry * 8};
    return random.one_of(selectors);
}

} // namespace fidelity
