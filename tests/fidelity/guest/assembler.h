#pragma once
// Builds the code of a case, with operand forms chosen at random.

#include "tests/fidelity/guest/random.h"
#include "tests/fidelity/guest/test_case.h"

#include <initializer_list>
#include <optional>

namespace fidelity {

/// The bytes of an opcode.
struct Opcode {
    std::array<std::uint8_t, 4> byte{};
    std::uint32_t size = 0;

    Opcode(std::initializer_list<std::uint8_t> bytes) {
        for (const std::uint8_t value : bytes)
            byte[size++] = value;
    }
};

/// What a VEX prefix says.
struct Vex {
    std::uint8_t map = 0;
    std::uint8_t prefix = 0; ///< 1, 2 and 3 stand for 0x66, 0xF3 and 0xF2
    bool is_wide = false;
    bool is_256 = false;
    std::uint8_t source = 0; ///< the register that ModRM does not name
};

/// What an instruction is made of, apart from its operands.
struct Encoding {
    Opcode opcode;
    std::uint32_t size = 4;     ///< of the operand, in bytes; chooses 0x66 and REX.W
    std::uint8_t mandatory = 0; ///< 0x66, 0xF2, 0xF3, or 0
    bool fixed_size = false;    ///< the size needs no prefix in any mode
    std::uint64_t immediate = 0;
    std::uint32_t immediate_size = 0;
    std::optional<Vex> vex{}; ///< instead of size, mandatory and fixed_size
};

/// The byte ModRM, or SIB.
constexpr std::uint8_t mod_rm(std::uint32_t mod, std::uint32_t reg, std::uint32_t rm) {
    return static_cast<std::uint8_t>(mod << 6 | (reg & 7) << 3 | (rm & 7));
}

class Assembler {
  public:
    /// `is_first`: of the instructions of the case.
    Assembler(Case& test_case, Random& random, bool is_first)
        : case_(test_case), random_(random), is_first_(is_first) {}

    /// Begins the next instruction. Values that it requires are in the registers before the case
    /// begins, or are moved there before the instruction.
    void begin_instruction();
    /// Adds what was built to the code. False when there is no room.
    bool finish_instruction();

    /// Registers that the instruction is to find with this value.
    void require(std::uint32_t number, std::uint64_t value);
    /// A general register that nothing requires yet (not RSP).
    std::uint32_t any_register();

    /// A linear address for a memory operand: mostly in the window, at times odd.
    std::uint64_t any_target(std::uint32_t size);
    /// One that is in the window, and in a page of the kind that a case stores to freely.
    std::uint64_t window_target(std::uint32_t size);

    /// One that a wrong value cannot be loaded from: in the window, or nowhere.
    std::uint64_t loadable_target(std::uint32_t size);
    /// 1, 2, 4, or 8 where that exists.
    std::uint32_t any_size();

    /// An instruction without ModRM.
    void plain(const Encoding& encoding);
    /// ModRM with two registers.
    void with_registers(const Encoding& encoding, std::uint32_t reg, std::uint32_t rm);
    /// ModRM with a memory operand at a linear address.
    void with_memory(const Encoding& encoding, std::uint32_t reg, std::uint64_t linear);
    /// ModRM with a memory operand whose index is a vector register.
    void with_vector_index(const Encoding& encoding, std::uint32_t reg, std::uint32_t index,
                           std::uint64_t linear);
    /// ModRM with either.
    void with_operand(const Encoding& encoding, std::uint32_t reg, std::uint32_t size);
    void byte(std::uint8_t value) { main_[main_size_++] = value; }
    void number(std::uint64_t value, std::uint32_t size);

    /// Bytes that memory holds when the case begins.
    void poke(std::uint64_t linear, std::uint64_t value, std::uint32_t size);
    /// What a far pointer or a frame must hold as RIP to reach the end of the case in a segment.
    [[nodiscard]] std::uint64_t end_of_case(std::uint16_t selector) const;

    [[nodiscard]] Case& test_case() { return case_; }
    [[nodiscard]] Random& random() { return random_; }
    [[nodiscard]] bool is_64_bit() const { return case_.mode.bits == 64; }
    [[nodiscard]] bool is_ring_3() const { return case_.mode.ring_3; }
    /// The size of a stack slot and of a control-register operand.
    [[nodiscard]] std::uint32_t word_size() const { return is_64_bit() ? 8 : 4; }

    /// No redundant prefix before this instruction.
    void without_prefixes() { may_have_prefix_ = false; }

  private:
    Case& case_;
    Random& random_;
    std::array<std::uint8_t, 64> setup_{};
    std::uint32_t setup_size_ = 0;
    std::array<std::uint8_t, 64> main_{};
    std::uint32_t main_size_ = 0;
    std::uint32_t used_registers_ = 0;
    bool is_first_;
    bool may_have_prefix_ = true;
    /// Where in main_ a displacement relative to RIP stands, and what it leads to.
    std::uint32_t relative_at_ = 0;
    std::uint64_t relative_to_ = 0;

    void prefixes(const Encoding& encoding, std::uint8_t segment, bool narrow_address);
    void rex(const Encoding& encoding, std::uint32_t reg, std::uint32_t index, std::uint32_t base);
    void vex(const Vex& vex, std::uint32_t reg, std::uint32_t index, std::uint32_t base);
    void opcode(const Encoding& encoding);
    void immediate(const Encoding& encoding);
    void without_base(const Encoding& encoding, std::uint32_t reg, std::uint64_t offset,
                      std::uint64_t linear);
    void with_base(const Encoding& encoding, std::uint32_t reg, std::uint64_t linear);
    std::uint64_t segment_base(std::uint8_t segment, bool is_stack) const;
    void redundant_prefix();
};

} // namespace fidelity
