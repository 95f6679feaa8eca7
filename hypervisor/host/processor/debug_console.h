#pragma once
// The port whose bytes an emulator passes on to the host.

#include <cstddef>
#include <cstdint>

namespace hv::cpu {

/// Writes the bytes to abi::trace_port, by one instruction.
void write_debug_console(const std::uint8_t* bytes, std::size_t size);

} // namespace hv::cpu
