#pragma once
// The ROM as a 32-bit kernel sees it (docs/abi.md, "32-bit kernels").

#include "shared/call_number.h"
#include "shared/rom_header.h"

#include <array>
#include <cstdint>

namespace guest::i386 {

/// The numbers for which get_reloc is asked: all calls, and as many again that are none.
inline constexpr std::uint32_t asked_numbers = 256;
using Answers = std::array<std::uint64_t, asked_numbers>;

class Rom {
  public:
    /// Scans for the ROM and checks its header; ends the run when there is none, or one that a
    /// kernel would not take.
    static Rom find();

    std::uint32_t vmi_init() const;
    std::uint64_t get_reloc(std::uint32_t call) const;
    Answers ask_for_all() const;
    /// Whether a target lies in the ROM.
    bool contains(std::uint32_t linear) const;

  private:
    explicit Rom(std::uint32_t linear) : linear_{linear} {}
    const abi::RomHeader& header() const {
        return *reinterpret_cast<const abi::RomHeader*>(linear_);
    }
    std::uint32_t linear_; ///< where it runs: in the kernel's own mapping of low memory
};

} // namespace guest::i386
