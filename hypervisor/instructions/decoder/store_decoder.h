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

/// Decodes the instruction at `bytes` in 64-bit mode; `count` of them may be read, at most
/// longest_instruction. Returns true and fills `store` if it is one that hv::Store can describe;
/// false for every other one, for an invalid one and for one that needs more bytes.
bool decode_store(const std::uint8_t* bytes, std::uint32_t count, Store& store);

} // namespace hv
