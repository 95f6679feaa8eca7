#pragma once
// Random instructions that store to memory, encoded from tables of opcodes and not by Zydis.

#include "hypervisor/x86/general_registers.h"

#include <cstdint>
#include <random>
#include <vector>

namespace test {

/// One opcode of a store.
struct StoreForm {
    const char* name;
    std::vector<std::uint8_t> opcode;
    bool is_byte;          ///< an 8-bit operand; else 16, 32 or 64 bits by prefix
    int digit;             ///< ModRM.reg's extension of the opcode; -1: a register
    int immediate;         ///< bytes of immediate; 4 stands for "2 with an operand-size prefix"
    bool lockable = false; ///< LOCK is allowed
    bool no_word = false;  ///< has no 16-bit form
};

extern const std::vector<StoreForm> store_forms;

struct RandomStore {
    std::vector<std::uint8_t> bytes;
    hv::GuestRegisters registers;
    std::uint32_t size;
    std::uint64_t segment_base;
};

/// An instruction of this form that writes at `target`, and registers to run it with. `code` is the
/// address it will run at, `fs_base` the host's.
RandomStore random_store(const StoreForm& form, std::uint64_t target, std::uint64_t code,
                         std::uint64_t fs_base, std::mt19937_64& random);

} // namespace test
