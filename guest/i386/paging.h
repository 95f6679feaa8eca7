#pragma once
// Paging as kernels of VMI's time have it: the first memory at its own address, and at 3 GiB.

#include <cstdint>

namespace guest::i386 {

enum class Paging : std::uint8_t { two_level, pae };

/// Where the first 4 MiB of memory can be found again.
inline constexpr std::uint32_t kernel_base = 0xC0000000;

/// Turns paging off and on again in another mode.
void begin_paging(Paging paging);

} // namespace guest::i386
