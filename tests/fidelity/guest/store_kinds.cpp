// Instructions that store to memory, of every size, and string instructions.

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/tables.h"

namespace fidelity {
namespace {

std::uint8_t wide(std::uint32_t opcode, std::uint32_t size) {
    return static_cast<std::uint8_t>(opcode | (size > 1 ? 1 : 0));
}

/// A value that is stored, in a register whose number is returned.
std::uint32_t any_source(Assembler& a) {
    const std::uint32_t source = a.any_register();
    a.require(source, a.random().number());
    return source;
}

void mov_store(Assembler& a) {
    const std::uint32_t size = a.any_size();
    a.with_memory({.opcode = {wide(0x88, size)}, .size = size}, any_source(a), a.any_target(size));
}

void mov_immediate(Assembler& a) {
    const std::uint32_t size = a.any_size();
    const std::uint32_t immediate_size = size == 8 ? 4 : size;
    a.with_memory({.opcode = {wide(0xC6, size)},
                   .size = size,
                   .immediate = a.random().number(),
                   .immediate_size = immediate_size},
                  0, a.any_target(size));
}

void movnti(Assembler& a) {
    const std::uint32_t size = a.is_64_bit() && a.random().chance(50) ? 8 : 4;
    a.with_memory({.opcode = {0x0F, 0xC3}, .size = size}, any_source(a), a.any_target(size));
}

void set_byte(Assembler& a) {
    const auto condition = static_cast<std::uint8_t>(0x90 + a.random().below(16));
    a.with_memory({.opcode = {0x0F, condition}, .fixed_size = true}, 0, a.any_target(1));
}

void push(Assembler& a) {
    const std::uint32_t size = a.random().chance(20) ? 2 : a.word_size();
    a.require(rsp, a.any_target(size) + size);
    if (a.random().chance(30)) {
        return a.plain({.opcode = {0x6A},
                        .size = size == 8 ? 4 : size,
                        .fixed_size = size == 8,
                        .immediate = a.random().next(),
                        .immediate_size = 1});
    }
    const std::uint32_t source = any_source(a) & 7;
    a.plain({.opcode = {static_cast<std::uint8_t>(0x50 + source)},
             .size = size,
             .fixed_size = size == 8});
}

void push_memory(Assembler& a) {
    a.require(rsp, a.any_target(a.word_size()) + a.word_size());
    a.with_memory({.opcode = {0xFF}, .size = 4, .fixed_size = a.is_64_bit()}, 6, a.any_target(8));
}

void pop_memory(Assembler& a) {
    a.require(rsp, a.any_target(a.word_size()));
    a.with_memory({.opcode = {0x8F}, .size = 4, .fixed_size = a.is_64_bit()}, 0, a.any_target(8));
}

void enter(Assembler& a) {
    a.require(rsp, a.any_target(8) + 8);
    a.require(rbp, a.any_target(8));
    a.plain({.opcode = {0xC8},
             .size = 4,
             .fixed_size = a.is_64_bit(),
             .immediate = a.random().below(32) | a.random().below(3) << 16,
             .immediate_size = 3});
}

void push_flags(Assembler& a) {
    a.require(rsp, a.any_target(8) + 8);
    a.plain({.opcode = {0x9C}, .size = 4, .fixed_size = a.is_64_bit()});
}

/// ADD, OR, ADC, SBB, AND, SUB, XOR, and CMP, which only reads.
void arithmetic(Assembler& a) {
    const std::uint32_t size = a.any_size();
    const auto operation = static_cast<std::uint32_t>(a.random().below(8));
    const std::uint64_t target = a.any_target(size);
    const bool has_lock = a.random().chance(20) && operation != 7;
    if (has_lock) {
        a.without_prefixes();
        a.byte(0xF0);
    }
    if (a.random().chance(50)) {
        a.with_memory({.opcode = {wide(operation << 3, size)}, .size = size}, any_source(a),
                      target);
        return;
    }
    a.with_memory({.opcode = {size > 1 ? std::uint8_t{0x83} : std::uint8_t{0x80}},
                   .size = size,
                   .immediate = a.random().next(),
                   .immediate_size = 1},
                  operation, target);
}

void unary(Assembler& a) {
    const std::uint32_t size = a.any_size();
    const bool increments = a.random().chance(50);
    const auto operation = static_cast<std::uint32_t>(a.random().below(2));
    a.with_memory({.opcode = {wide(increments ? 0xFE : 0xF6, size)}, .size = size},
                  increments ? operation : operation + 2, a.any_target(size));
}

void shift(Assembler& a) {
    const std::uint32_t size = a.any_size();
    a.with_memory({.opcode = {wide(0xC0, size)},
                   .size = size,
                   .immediate = a.random().below(40),
                   .immediate_size = 1},
                  static_cast<std::uint32_t>(a.random().below(8)), a.any_target(size));
}

void exchange(Assembler& a) {
    const std::uint32_t size = a.any_size();
    const std::uint64_t choice = a.random().below(3);
    const std::uint32_t source = any_source(a);
    if (choice == 0) {
        a.with_memory({.opcode = {wide(0x86, size)}, .size = size}, source, a.any_target(size));
    } else if (choice == 1) {
        a.with_memory({.opcode = {0x0F, wide(0xC0, size)}, .size = size}, source,
                      a.any_target(size));
    } else {
        a.require(rax, a.random().number());
        const std::uint64_t target = a.any_target(size);
        if (a.random().chance(50))
            a.poke(target, a.test_case().general[rax], size);
        a.with_memory({.opcode = {0x0F, wide(0xB0, size)}, .size = size}, source, target);
    }
}

void compare_exchange_pair(Assembler& a) {
    const bool is_16_bytes = a.is_64_bit() && a.random().chance(50);
    for (const std::uint32_t number : {rax, rdx, rbx, rcx})
        a.require(number, a.random().number());
    const std::uint64_t target = a.any_target(is_16_bytes ? 16 : 8);
    if (a.random().chance(50)) {
        a.poke(target, a.test_case().general[rax], is_16_bytes ? 8 : 4);
        a.poke(target + (is_16_bytes ? 8 : 4), a.test_case().general[rdx], is_16_bytes ? 8 : 4);
    }
    a.with_memory({.opcode = {0x0F, 0xC7}, .size = is_16_bytes ? 8U : 4U}, 1, target);
}

void bit_test(Assembler& a) {
    const std::uint32_t size = a.is_64_bit() && a.random().chance(40) ? 8 : 4;
    if (a.random().chance(50)) {
        return a.with_memory({.opcode = {0x0F, 0xBA},
                              .size = size,
                              .immediate = a.random().next(),
                              .immediate_size = 1},
                             4 + static_cast<std::uint32_t>(a.random().below(4)),
                             a.any_target(size));
    }
    const std::uint32_t number = a.any_register();
    a.require(number, a.random().below(800) - 400);
    const std::uint8_t opcode = a.random().one_of<std::uint8_t>({0xA3, 0xAB, 0xB3, 0xBB});
    a.with_memory({.opcode = {0x0F, opcode}, .size = size}, number, a.any_target(size));
}

void double_shift(Assembler& a) {
    const std::uint8_t opcode = a.random().one_of<std::uint8_t>({0xA4, 0xAC});
    a.with_memory({.opcode = {0x0F, opcode},
                   .size = a.is_64_bit() && a.random().chance(50) ? 8U : 4U,
                   .immediate = a.random().below(64),
                   .immediate_size = 1},
                  any_source(a), a.any_target(8));
}

/// At most so many bytes, so that a string instruction stays outside the live parts of tables.
constexpr std::uint32_t max_string = 160;

/// REP, its count in RCX, or no prefix.
void repeat(Assembler& a, std::uint32_t size) {
    a.without_prefixes();
    a.require(rcx, a.random().below(max_string / size));
    if (a.random().chance(60))
        a.byte(a.random().one_of<std::uint8_t>({0xF3, 0xF2}));
}

void string(Assembler& a, std::initializer_list<std::uint32_t> opcodes) {
    const std::uint32_t size = a.any_size();
    const std::uint32_t opcode = a.random().one_of(opcodes);
    a.require(rdi, a.loadable_target(size));
    a.require(rsi, a.loadable_target(size));
    a.require(rax, a.random().number());
    repeat(a, size);
    if (a.test_case().mode.bits == 16)
        a.byte(0x67);
    a.plain({.opcode = {wide(opcode, size)}, .size = size});
}
void move_string(Assembler& a) { string(a, {0xA4}); }
void store_string(Assembler& a) { string(a, {0xAA}); }
void read_string(Assembler& a) { string(a, {0xA6, 0xAC, 0xAE}); }

constexpr Kind stores[] = {{"mov-store", mov_store},
                           {"mov-immediate", mov_immediate},
                           {"movnti", movnti},
                           {"set-byte", set_byte},
                           {"push", push},
                           {"push-memory", push_memory},
                           {"pop-memory", pop_memory},
                           {"enter", enter},
                           {"push-flags", push_flags}};
constexpr Kind modifications[] = {{"arithmetic", arithmetic},
                                  {"unary", unary},
                                  {"shift", shift},
                                  {"exchange", exchange},
                                  {"compare-exchange-pair", compare_exchange_pair},
                                  {"bit-test", bit_test},
                                  {"double-shift", double_shift}};
constexpr Kind strings[] = {
    {"move-string", move_string}, {"store-string", store_string}, {"read-string", read_string}};

} // namespace

std::span<const Kind> store_kinds() { return stores; }
std::span<const Kind> read_modify_write_kinds() { return modifications; }
std::span<const Kind> string_kinds() { return strings; }

} // namespace fidelity
