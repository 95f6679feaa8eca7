#pragma once
// The bound of call numbers. It stands apart from the list of calls so that whatever only sizes an
// array by it (statistics, the per-vCPU area) need not be compiled again when a call is added.

#include <cstdint>

namespace abi {

/// The length of every array that is indexed by call number. All calls have lower numbers, and the
/// last number below it, call_limit - 1, is never a call: tests use it as such (call_number.h
/// checks both). The limit is part of the ABI, since abi::Statistics and abi::ControlPage contain
/// such arrays: a larger one moves all fields after them, and needs a new abi_version
/// (rom_header.h).
inline constexpr std::uint32_t call_limit = 104;

} // namespace abi
