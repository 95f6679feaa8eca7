#pragma once
// Decodes the instruction of a store, with Debian's libZydis.
//
// The library was compiled for an ordinary process: it uses the registers XMM0 to XMM4 and reads a
// stack-protector word at FS:0x28. hypervisor/instructions/decoder/vector_state.h says what its
// caller must provide.

#include "hypervisor/instructions/decoder/store.h"

#include <cstdint>

namespace hv {

/// The longest instruction (Intel manual, volume 2, section 2.3.11).
inline constexpr std::uint32_t longest_instruction = 15;

/// What code is decoded as.
enum class CodeSize : std::uint8_t {
    bits_64, ///< 64-bit mode
    bits_32, ///< any other mode, in a code segment with D set
};

/// Decodes the instruction at `bytes`; `count` of them may be read, at most longest_instruction.
/// Returns true and fills `store` if it is one that hv::Store can describe; false for every other
/// one, for an invalid one and for one that needs more bytes. In code of 32 bits CS, DS,
/// ES and SS have bases too, about which `store` says nothing.
bool decode_store(const std::uint8_t* bytes, std::uint32_t count, Store& store,
                  CodeSize size = CodeSize::bits_64);

} // namespace hv
