#pragma once
// A store as decoded from its bytes, and what it does to memory, registers and flags.

#include "hypervisor/x86/general_registers.h"

#include <cstdint>

namespace hv {

/// What happens to the memory operand. The names are those of the instructions' descriptions in the
/// Intel manual, volume 2.
enum class StoreOperation : std::uint8_t {
    replace, ///< MOV, MOVNTI
    bitwise_and,
    bitwise_or,
    bitwise_xor,
    add,
    add_with_carry,
    subtract,
    subtract_with_borrow,
    increment,
    decrement,
    complement,       ///< NOT
    negate,           ///< NEG
    exchange,         ///< XCHG
    exchange_and_add, ///< XADD
    compare_and_exchange,
    bit_set,        ///< BTS with an immediate
    bit_reset,      ///< BTR with an immediate
    bit_complement, ///< BTC with an immediate
    store_string,   ///< STOS without REP
};

inline constexpr std::uint8_t no_register = 0xFF;
inline constexpr std::uint8_t instruction_pointer = 0xFE;

/// A general register, or a part of it, by its number in instructions.
struct RegisterOperand {
    std::uint8_t number = no_register;
    bool high_byte = false; ///< AH, CH, DH or BH
};

/// Segments whose base is not zero in 64-bit mode.
enum class SegmentOverride : std::uint8_t { none, fs, gs };

/// An effective address (Intel manual, volume 1, section 3.7.5).
struct AddressOperand {
    SegmentOverride segment = SegmentOverride::none;
    std::uint8_t base = no_register; ///< register number or instruction_pointer
    std::uint8_t index = no_register;
    std::uint8_t scale = 0;
    bool is_32_bit = false; ///< address-size prefix: the effective address wraps at 4 GiB
    std::int64_t displacement = 0;
};

/// One instruction that writes memory once, at most 8 bytes. Its description depends only on the
/// bytes of the instruction.
struct Store {
    StoreOperation operation = StoreOperation::replace;
    std::uint8_t size = 0;   ///< bytes written: 1, 2, 4 or 8
    std::uint8_t length = 0; ///< of the instruction, in bytes
    RegisterOperand source;  ///< no_register: `immediate` is the source
    std::uint64_t immediate = 0;
    AddressOperand address;
};

/// Whether the new value depends on what memory holds; if not, apply() ignores `old_value`.
bool reads_memory(const Store& store);
/// Whether apply() reads or changes RFLAGS. If not, the caller need not fetch it.
bool uses_flags(const Store& store);
/// Whether apply() reads or changes RSP. The caller then copies RSP to `unused_rsp` before the
/// call, and back after it. An address that uses RSP does not count: see linear_address().
bool uses_stack_pointer(const Store& store);

/// The linear address written, not checked for canonicality. `rip` is the instruction's own;
/// `segment_base` the base of `store.address.segment` (ignored for `none`). `unused_rsp` must hold
/// RSP if it is the address's base.
std::uint64_t linear_address(const Store& store, GuestRegisters& registers, std::uint64_t rip,
                             std::uint64_t segment_base);

/// Executes the store: returns what memory holds afterwards (its low `size` bytes), and changes
/// registers and the status flags of `rflags` as the instruction does. Flags that the manual leaves
/// undefined stay as they are, except AF, which the logical operations clear.
std::uint64_t apply(const Store& store, std::uint64_t old_value, GuestRegisters& registers,
                    std::uint64_t& rflags);

} // namespace hv
