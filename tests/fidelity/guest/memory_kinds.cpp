// Vector and floating-point stores, loads, and stores of meaningful entries to tables.

#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/tables.h"

namespace fidelity {
namespace {

std::uint32_t any_vector(Assembler& a) { return static_cast<std::uint32_t>(a.random().below(8)); }

void vector_move(Assembler& a, bool is_store) {
    struct Move {
        std::uint8_t mandatory, load, store;
    };
    const Move moves[] = {{0, 0x10, 0x11},    {0x66, 0x10, 0x11}, {0xF3, 0x10, 0x11},
                          {0xF2, 0x10, 0x11}, {0, 0x28, 0x29},    {0x66, 0x6F, 0x7F},
                          {0xF3, 0x6F, 0x7F}, {0, 0x12, 0x13},    {0, 0x16, 0x17},
                          {0x66, 0x6E, 0x7E}, {0x66, 0xE7, 0xE7}, {0, 0x2B, 0x2B},
                          {0x66, 0xD6, 0xD6}};
    const Move move = a.random().one_of(moves);
    const std::uint8_t opcode = is_store ? move.store : move.load;
    a.with_memory({.opcode = {0x0F, opcode}, .mandatory = move.mandatory, .fixed_size = true},
                  any_vector(a), a.any_target(16));
}
void vector_store(Assembler& a) { vector_move(a, true); }
void vector_load(Assembler& a) { vector_move(a, false); }

/// Where up to 832 bytes stay outside the live part of a table.
std::uint64_t save_area(Assembler& a) {
    constexpr std::uint64_t alignment = 63;
    const std::uint64_t target = a.any_target(64);
    const std::uint64_t begin = slot_address(slot_gdt);
    const bool is_in_table = target >= begin && target < slot_address(slot_data_5);
    const std::uint64_t moved = (target & ~(page_size - 1)) | tail_begin | (target & 0x1FF);
    return (is_in_table ? moved : target) & ~(a.random().chance(70) ? alignment : 0);
}

void float_state(Assembler& a) {
    // FXSAVE, STMXCSR, XSAVE, XSAVEOPT.
    const std::uint32_t operation = a.random().one_of<std::uint32_t>({0, 3, 4, 6});
    if (operation >= 4) {
        a.require(rax, a.random().below(8));
        a.require(rdx, 0);
    }
    a.with_memory({.opcode = {0x0F, 0xAE}, .fixed_size = true}, operation, save_area(a));
}

void float_store(Assembler& a) {
    struct Store {
        std::uint8_t opcode;
        std::uint32_t operation;
    };
    // FSTCW, FSTSW, FSTP m64, FISTP m16, FSTP m80, FNSTENV.
    const Store stores[] = {{0xD9, 7}, {0xDD, 7}, {0xDD, 3}, {0xDF, 3}, {0xDB, 7}, {0xD9, 6}};
    const Store store = a.random().one_of(stores);
    a.with_memory({.opcode = {store.opcode}, .fixed_size = true}, store.operation,
                  a.any_target(10));
}

void cache_line(Assembler& a) {
    // CLFLUSH, PREFETCHW.
    if (a.random().chance(60))
        return a.with_memory({.opcode = {0x0F, 0xAE}, .fixed_size = true}, 7, a.any_target(1));
    a.with_memory({.opcode = {0x0F, 0x0D}, .fixed_size = true}, 1, a.any_target(1));
}

void mov_load(Assembler& a) {
    const std::uint32_t size = a.any_size();
    const auto opcode = static_cast<std::uint8_t>(size > 1 ? 0x8B : 0x8A);
    a.with_memory({.opcode = {opcode}, .size = size}, a.any_register(), a.any_target(size));
}

void extended_load(Assembler& a) {
    const std::uint8_t opcode = a.random().one_of<std::uint8_t>({0xB6, 0xB7, 0xBE, 0xBF});
    a.with_memory({.opcode = {0x0F, opcode}}, a.any_register(), a.any_target(2));
}

void pop_register(Assembler& a) {
    a.require(rsp, a.any_target(8));
    a.plain({.opcode = {static_cast<std::uint8_t>(0x58 + (a.any_register() & 7))},
             .size = 4,
             .fixed_size = a.is_64_bit()});
}

/// A store of a whole entry, from a register.
void store_entry(Assembler& a, std::uint64_t linear, std::uint64_t value) {
    const std::uint32_t source = a.any_register();
    if (a.is_64_bit()) {
        a.require(source, value);
        return a.with_memory({.opcode = {0x89}, .size = 8}, source, linear);
    }
    const bool high = a.random().chance(50);
    a.require(source, high ? value >> 32 : value & 0xFFFFFFFF);
    a.with_memory({.opcode = {0x89}, .size = 4}, source, linear + (high ? 4 : 0));
}

void store_descriptor(Assembler& a) {
    constexpr std::uint64_t descriptors[] = {0,
                                             0x00CFF3000000FFFF,
                                             0x00CF93000000FFFF,
                                             0x00CFFB000000FFFF,
                                             0x12CFF3345678FFFF,
                                             0x00CF73000000FFFF,
                                             0x00007C000000FFFF};
    const std::uint64_t spare =
        first_spare_entry + a.random().below(gdt_entries - first_spare_entry);
    store_entry(a, slot_address(slot_gdt) + gdt_offset + 8 * spare, a.random().one_of(descriptors));
}

void store_gate(Assembler& a) {
    const std::uint64_t spare = a.random().below(vectors - first_spare_vector);
    const std::uint64_t at =
        slot_address(slot_idt) + idt_offset + 16 * (first_spare_vector + spare);
    // A gate that is not present, and its upper half.
    const bool high = a.random().chance(40);
    store_entry(a, at + (high ? 8 : 0),
                high ? 0xFFFFFFFF : 0x00006E0000080000 | (a.random().next() & 0xFFFF));
}

void store_task_state(Assembler& a) {
    // RSP1 and RSP2, IST5 to IST7, the bitmap of ports that no case uses.
    constexpr std::uint64_t offsets[] = {12, 20, 68, 76, 84, 104 + 8, 104 + 40, 104 + 64};
    store_entry(a, slot_address(slot_tss) + tss_offset + a.random().one_of(offsets),
                a.random().next());
}

/// Maps a page that is absent so far; what follows may use it.
void store_page_table_entry(Assembler& a) {
    const std::uint32_t slot = a.random().one_of<std::uint32_t>({slot_absent_0, slot_absent_1});
    const std::uint64_t rights = a.random().one_of<std::uint64_t>({3, 7, 1, 5, 0x63, 0x67, 0});
    store_entry(a, slot_address(slot_page_table) + 8 * (window_table_index + slot),
                physical_of(window::alias(slot_address(slot))) | rights);
}

void use_absent_page(Assembler& a) {
    const std::uint64_t slot = a.random().one_of<std::uint64_t>({slot_absent_0, slot_absent_1});
    const std::uint8_t opcode = a.random().one_of<std::uint8_t>({0x89, 0x8B});
    a.with_memory({.opcode = {opcode}}, a.any_register(),
                  slot_address(static_cast<std::uint32_t>(slot)) + 0x200);
}

constexpr Kind vector_stores[] = {{"vector-store", vector_store},
                                  {"float-state", float_state},
                                  {"float-store", float_store},
                                  {"cache-line", cache_line}};
constexpr Kind loads[] = {{"mov-load", mov_load},
                          {"extended-load", extended_load},
                          {"vector-load", vector_load},
                          {"pop-register", pop_register}};
constexpr Kind entries[] = {{"store-descriptor", store_descriptor},
                            {"store-gate", store_gate},
                            {"store-task-state", store_task_state},
                            {"store-page-table-entry", store_page_table_entry},
                            {"use-absent-page", use_absent_page}};

} // namespace

std::span<const Kind> vector_store_kinds() { return vector_stores; }
std::span<const Kind> load_kinds() { return loads; }
std::span<const Kind> table_entry_kinds() { return entries; }

} // namespace fidelity
