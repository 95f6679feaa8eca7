#pragma once
// Runs one instruction on the host's own processor, with all registers given: the witness that the
// decoder's arithmetic is compared with.

#include "hypervisor/x86/general_registers.h"

#include <cstdint>
#include <span>

namespace test {

/// A page for code, followed by a page for data, below 4 GiB.
class NativeExecution {
  public:
    static constexpr std::uint64_t page = 4096;

    NativeExecution();
    ~NativeExecution();
    NativeExecution(const NativeExecution&) = delete;
    NativeExecution& operator=(const NativeExecution&) = delete;

    /// Where run() puts the instruction.
    std::uint64_t code_address() const { return reinterpret_cast<std::uint64_t>(pages_); }
    std::span<std::uint8_t> data() { return {pages_ + page, page}; }

    /// Executes the bytes with these registers and flags (RSP is the host's own), and gives back
    /// what they became.
    void run(std::span<const std::uint8_t> bytes, hv::GuestRegisters& registers,
             std::uint64_t& rflags);

  private:
    std::uint8_t* pages_;
};

} // namespace test
