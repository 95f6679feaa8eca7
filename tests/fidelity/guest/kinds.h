#pragma once
// The kinds of instructions that a case can have.

#include "tests/fidelity/guest/assembler.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace fidelity {

struct Kind {
    std::string_view name;
    /// Adds one instruction of this kind, with random operands.
    void (*emit)(Assembler& assembler);
    /// Only as the first instruction of a case: what it loads must not have been overwritten.
    bool only_first = false;
};

std::span<const Kind> control_register_kinds();
std::span<const Kind> debug_register_kinds();
std::span<const Kind> descriptor_register_kinds();
std::span<const Kind> segment_kinds();
std::span<const Kind> store_kinds();
std::span<const Kind> read_modify_write_kinds();
std::span<const Kind> string_kinds();
std::span<const Kind> vector_store_kinds();
std::span<const Kind> load_kinds();
std::span<const Kind> table_entry_kinds();
std::span<const Kind> model_specific_kinds();
std::span<const Kind> port_kinds();
std::span<const Kind> flag_kinds();
std::span<const Kind> interrupt_kinds();
std::span<const Kind> halt_kinds();
std::span<const Kind> transfer_kinds();
std::span<const Kind> vex_kinds();
std::span<const Kind> real_mode_kinds();
std::span<const Kind> virtualization_kinds();

struct Group {
    std::span<const Kind> (*kinds)();
    std::uint32_t weight; ///< how often it is chosen, relative to the others
};
inline constexpr Group groups[]{{control_register_kinds, 3},
                                {debug_register_kinds, 1},
                                {descriptor_register_kinds, 3},
                                {segment_kinds, 1},
                                {store_kinds, 2},
                                {read_modify_write_kinds, 2},
                                {string_kinds, 1},
                                {vector_store_kinds, 1},
                                {load_kinds, 1},
                                {table_entry_kinds, 1},
                                {model_specific_kinds, 2},
                                {port_kinds, 2},
                                {flag_kinds, 1},
                                {interrupt_kinds, 1},
                                {halt_kinds, 1},
                                {transfer_kinds, 1},
                                {virtualization_kinds, 1},
                                {vex_kinds, 2},
                                {real_mode_kinds, 2}};

/// RFLAGS as a case may load it. TF only if the case takes it.
std::uint64_t any_flags(Assembler& assembler);
/// A selector of every kind, also of what cannot be loaded.
std::uint16_t any_selector(Random& random);

} // namespace fidelity
