#pragma once
// The interpreter's processor: one instruction at work, and its ways to registers and memory.

#include "hypervisor/instructions/decoder/store.h"
#include "hypervisor/instructions/interpreter/startup.h"

#include <Zydis/Decoder.h>

#include <array>
#include <cstdint>
#include <optional>

namespace hv::startup {

inline constexpr std::uint32_t stack_pointer = 4; ///< its register number

/// Where a word is: in a register, or at an offset in a segment.
struct Place {
    ZydisRegister which = ZYDIS_REGISTER_NONE; ///< NONE: in memory
    SegmentNumber segment = SegmentNumber::ds;
    std::uint32_t offset = 0;
    std::uint32_t size = 0; ///< in bytes: 1, 2 or 4
};

/// A refusal stays: behind the first one every read gives 0 and no write does anything, so that
/// handlers need not ask in between. Registers are put back where the instruction did not end.
struct Processor {
    StartupState& state;
    const StartupEnvironment& environment;
    ZydisDecodedInstruction instruction{};
    std::array<ZydisDecodedOperand, 3> operands{};
    std::uint32_t next = 0; ///< RIP behind the instruction
    const char* refusal = nullptr;
    /// Another vCPU changed a word between reading and writing: the instruction is run anew.
    bool again = false;

    void refuse(const char* reason) { refusal = refusal == nullptr ? reason : refusal; }

    // memory.cpp: linear addresses wrap at 4 GiB.
    /// `access` is of fault_code.
    std::optional<std::uint64_t> physical(std::uint32_t linear, std::uint32_t access);
    std::uint64_t read_linear(std::uint32_t linear, std::uint32_t size);
    void write_linear(std::uint32_t linear, std::uint32_t size, std::uint64_t value);
    /// Writes if memory still holds `old`, in one access when aligned; else sets `again`.
    void replace_linear(std::uint32_t linear, std::uint32_t size, std::uint64_t old,
                        std::uint64_t value);
    /// The bytes at CS:RIP, as many as can be read.
    std::uint32_t fetch(std::array<std::uint8_t, longest_instruction>& bytes);

    // operands.cpp
    std::uint32_t width() const { return instruction.operand_width / 8U; }
    bool has_operand(std::uint32_t index) const {
        return index < instruction.operand_count_visible;
    }
    std::uint32_t general(std::uint32_t number) const;
    void set_general(std::uint32_t number, std::uint32_t size, std::uint32_t value);
    /// The effective address of a memory operand.
    std::uint32_t offset(const ZydisDecodedOperandMem& memory) const;
    /// Of an operand of any size.
    Place locate(std::uint32_t operand);
    /// Of an operand that is one word.
    Place place(std::uint32_t operand);
    std::uint32_t read(const Place& place);
    void write(const Place& place, std::uint32_t value);
    /// Writes what was computed from `old`, which was read there.
    void replace(const Place& place, std::uint32_t old, std::uint32_t value);
    /// The value of an operand, immediates sign-extended.
    std::uint32_t value(std::uint32_t operand);
    std::uint32_t read_memory(SegmentNumber segment, std::uint32_t offset, std::uint32_t size);
    void write_memory(SegmentNumber segment, std::uint32_t offset, std::uint32_t size,
                      std::uint32_t value);

    // segments.cpp
    /// The linear address of bytes that the segment has; refuses where it has not.
    std::uint32_t linear(SegmentNumber segment, std::uint32_t offset, std::uint32_t size,
                         bool for_writing);
    void load_segment(SegmentNumber number, std::uint16_t selector);
    void jump_far(std::uint16_t selector, std::uint32_t offset);

    // stack.cpp
    void push(std::uint32_t value, std::uint32_t size);
    std::uint32_t pop(std::uint32_t size);
    void discard(std::uint32_t size);

    // control_registers.cpp
    std::uint32_t read_control(ZydisRegister which);
    void write_control(ZydisRegister which, std::uint32_t value);
};

/// Executes the instruction; `argument` says which of a family.
using Handler = void (*)(Processor& processor, std::uint32_t argument);

/// What executes a mnemonic.
struct Instruction {
    ZydisMnemonic mnemonic;
    std::uint32_t argument;
    Handler handler;
};
/// Null for those that start-up code does not use.
const Instruction* find_instruction(ZydisMnemonic mnemonic);

} // namespace hv::startup
