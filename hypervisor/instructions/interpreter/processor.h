#pragma once
// The interpreter's processor: the instruction that it executes, and access to its registers and
// memory.

#include "hypervisor/instructions/decoder/store.h"
#include "hypervisor/instructions/interpreter/startup.h"

#include <Zydis/Decoder.h>

#include <array>
#include <cstdint>
#include <optional>

namespace hv::startup {

/// Where a word is: in a register, or at an offset in a segment.
struct Place {
    ZydisRegister which = ZYDIS_REGISTER_NONE; ///< NONE: in memory
    SegmentNumber segment = SegmentNumber::ds;
    std::uint32_t offset = 0;
    std::uint32_t size = 0; ///< in bytes: 1, 2 or 4
};

/// A refusal is final: after the first, every read gives 0 and no write has an effect, so handlers
/// need not check between operations. The registers of an instruction that did not complete are
/// restored.
struct Processor {
    StartupState& state;
    const StartupEnvironment& environment;
    ZydisDecodedInstruction instruction{};
    std::array<ZydisDecodedOperand, 3> operands{};
    std::uint32_t next = 0; ///< RIP after the instruction
    const char* refusal = nullptr;
    /// Another vCPU changed a word between reading and writing: the instruction runs again.
    bool again = false;
    std::uint32_t elements = 0; ///< that a string instruction with REP has executed

    /// The instruction is not complete: it runs again from the state as it is.
    void repeat() { next = static_cast<std::uint32_t>(state.rip); }
    bool is_complete() const { return next != state.rip || elements == 0; }
    void refuse(const char* reason) { refusal = refusal == nullptr ? reason : refusal; }

    // memory.cpp: linear addresses wrap at 4 GiB.
    /// `access` has bits of fault_code.
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
    /// Where an operand of any size is.
    Place locate(std::uint32_t operand);
    /// Where an operand is that is one word.
    Place place(std::uint32_t operand);
    std::uint32_t read(const Place& place);
    void write(const Place& place, std::uint32_t value);
    /// Writes `value`, which was computed from `old`, the value read there.
    void replace(const Place& place, std::uint32_t old, std::uint32_t value);
    /// The value of an operand, immediates sign-extended.
    std::uint32_t value(std::uint32_t operand);
    std::uint32_t read_memory(SegmentNumber segment, std::uint32_t offset, std::uint32_t size);
    void write_memory(SegmentNumber segment, std::uint32_t offset, std::uint32_t size,
                      std::uint32_t value);

    // segments.cpp
    /// The linear address of bytes in a segment; refuses when they are outside its limit.
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

/// Executes the instruction; `argument` says which one of a family it is.
using Handler = void (*)(Processor& processor, std::uint32_t argument);

/// The function that executes a mnemonic.
struct Instruction {
    ZydisMnemonic mnemonic;
    std::uint32_t argument;
    Handler handler;
};
/// Null for mnemonics that start-up code does not use.
const Instruction* find_instruction(ZydisMnemonic mnemonic);

} // namespace hv::startup
