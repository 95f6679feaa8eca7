// MOV to and from control registers, CLTS, LMSW, SMSW, invalidations, extended control registers.

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/processor.h"

namespace fidelity {
namespace {

constexpr std::uint64_t bit(std::uint32_t number) { return std::uint64_t{1} << number; }

void mov_to(Assembler& a, std::uint32_t number, std::uint64_t value) {
    const std::uint32_t source = a.any_register();
    a.require(source, value);
    a.with_registers({.opcode = {0x0F, 0x22}, .fixed_size = true}, number, source);
}

void mov_from_cr(Assembler& a) {
    constexpr std::uint32_t numbers[] = {0, 2, 3, 4, 8};
    const std::uint32_t number = a.random().one_of(numbers);
    a.with_registers({.opcode = {0x0F, 0x20}, .fixed_size = true},
                     a.is_64_bit() ? number : number & 7, a.any_register());
}

void mov_no_cr(Assembler& a) {
    constexpr std::uint32_t numbers[] = {1, 5, 6, 7, 9, 10, 15};
    const std::uint32_t number = a.random().one_of(numbers);
    const std::uint8_t direction = a.random().one_of<std::uint8_t>({0x20, 0x22});
    a.with_registers({.opcode = {0x0F, direction}, .fixed_size = true},
                     a.is_64_bit() ? number : number & 7, a.any_register());
}

void mov_to_cr0(Assembler& a) {
    // Clearing PG outside 64-bit mode would leave IA-32e mode.
    const std::uint64_t bits[] = {bit(1),  bit(2),  bit(3),  bit(4),
                                  bit(5),  bit(16), bit(18), bit(16) | bit(3),
                                  bit(29), bit(30), bit(6),  bit(29) | bit(30),
                                  bit(40), bit(0),  0};
    std::uint64_t value = a.test_case().cr0 ^ a.random().one_of(bits);
    if (a.is_64_bit() && a.random().chance(5))
        value ^= bit(31);
    mov_to(a, 0, value);
}

void mov_to_cr2(Assembler& a) { mov_to(a, 2, a.random().number()); }

void mov_to_cr3(Assembler& a) {
    const std::uint64_t root = a.random().chance(60) ? window::root() : window::other_root();
    const std::uint64_t bits[] = {0, 0, 0, 8, 0x10, 0x18, 7, 0xFE0, bit(63), bit(51), bit(62)};
    mov_to(a, 3, root | a.random().one_of(bits));
}

void mov_to_cr4(Assembler& a) {
    std::uint64_t value = a.test_case().cr4;
    const std::uint64_t choice = a.random().below(10);
    if (choice == 0)
        value ^= a.random().one_of({bit(15), bit(30), bit(40), bit(5), bit(63)});
    for (std::uint64_t flips = choice % 3 + 1; choice != 0 && flips > 0; --flips)
        value ^= bit(static_cast<std::uint32_t>(a.random().below(22))) & processor.cr4_bits;
    mov_to(a, 4, value);
}

void mov_to_cr8(Assembler& a) {
    if (!a.is_64_bit())
        return mov_from_cr(a);
    const std::uint64_t values[] = {0, 1, 4, 5, 6, 15, 16, 0x100, bit(40)};
    mov_to(a, 8, a.random().one_of(values));
}

void clts(Assembler& a) { a.plain({.opcode = {0x0F, 0x06}, .fixed_size = true}); }

void lmsw(Assembler& a) {
    const Encoding encoding{.opcode = {0x0F, 0x01}, .fixed_size = true};
    const std::uint64_t value = a.random().one_of({0, 1, 3, 5, 9, 0xF, 0xFFFF, 0x10, 2, 8});
    if (a.random().chance(50)) {
        const std::uint32_t source = a.any_register();
        a.require(source, value | a.random().next() << 16);
        return a.with_registers(encoding, 6, source);
    }
    const std::uint64_t target = a.any_target(2);
    a.poke(target, value, 2);
    a.with_memory(encoding, 6, target);
}

void smsw(Assembler& a) { a.with_operand({.opcode = {0x0F, 0x01}, .size = a.any_size()}, 4, 2); }

void invlpg(Assembler& a) {
    a.with_memory({.opcode = {0x0F, 0x01}, .fixed_size = true}, 7, a.any_target(1));
}

void cache_invalidation(Assembler& a) {
    a.plain({.opcode = {0x0F, a.random().one_of<std::uint8_t>({0x08, 0x09})}, .fixed_size = true});
}

void invpcid(Assembler& a) {
    const std::uint32_t type = a.any_register();
    a.require(type, a.random().one_of<std::uint64_t>({0, 1, 2, 3, 4, 0x100, bit(40)}));
    const std::uint64_t target = a.any_target(16);
    a.poke(target, a.random().one_of<std::uint64_t>({0, 0, 1, 0x1000}), 8);
    a.poke(target + 8, a.any_target(1), 8);
    a.with_memory({.opcode = {0x0F, 0x38, 0x82}, .mandatory = 0x66, .fixed_size = true}, type,
                  target);
}

void xsetbv(Assembler& a) {
    a.require(rcx, a.random().one_of<std::uint64_t>({0, 0, 0, 1, bit(32)}));
    a.require(rax, a.random().one_of<std::uint64_t>({0, 1, 2, 3, 5, 7, 0x1F}));
    a.require(rdx, a.random().one_of<std::uint64_t>({0, 0, 0, 1, bit(32)}));
    a.plain({.opcode = {0x0F, 0x01, 0xD1}, .fixed_size = true});
}

void xgetbv(Assembler& a) {
    a.require(rcx, a.random().one_of<std::uint64_t>({0, 0, 2, bit(32)}));
    a.plain({.opcode = {0x0F, 0x01, 0xD0}, .fixed_size = true});
}

void swapgs(Assembler& a) { a.plain({.opcode = {0x0F, 0x01, 0xF8}, .fixed_size = true}); }

void access_flag(Assembler& a) {
    a.plain({.opcode = {0x0F, 0x01, a.random().one_of<std::uint8_t>({0xCA, 0xCB})},
             .fixed_size = true});
}

void segment_base(Assembler& a) {
    const std::uint32_t number = a.any_register();
    a.require(number, a.random().chance(70) ? a.any_target(8) : a.random().number());
    a.with_registers({.opcode = {0x0F, 0xAE},
                      .size = a.random().one_of<std::uint32_t>({4, 8}),
                      .mandatory = 0xF3},
                     static_cast<std::uint32_t>(a.random().below(4)), number);
}

constexpr Kind kinds[] = {{"mov-from-cr", mov_from_cr},
                          {"mov-no-cr", mov_no_cr},
                          {"mov-to-cr0", mov_to_cr0},
                          {"mov-to-cr2", mov_to_cr2},
                          {"mov-to-cr3", mov_to_cr3},
                          {"mov-to-cr4", mov_to_cr4},
                          {"mov-to-cr8", mov_to_cr8},
                          {"clts", clts},
                          {"lmsw", lmsw},
                          {"smsw", smsw},
                          {"invlpg", invlpg},
                          {"cache-invalidation", cache_invalidation},
                          {"invpcid", invpcid},
                          {"xsetbv", xsetbv},
                          {"xgetbv", xgetbv},
                          {"swapgs", swapgs},
                          {"access-flag", access_flag},
                          {"segment-base", segment_base}};

} // namespace

std::span<const Kind> control_register_kinds() { return kinds; }

} // namespace fidelity
