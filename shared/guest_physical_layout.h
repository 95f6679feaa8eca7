#pragma once
// Where in guest-physical memory the guest finds what the monitor gives it.

#include "shared/vcpu_area.h"

#include <cstdint>

namespace abi {

/// A kernel looks for the ROM in [rom_scan_begin, rom_scan_end), in steps of rom_scan_step bytes
/// (docs/abi.md, "The ROM").
inline constexpr std::uint64_t rom_scan_begin = 0xC0000;
inline constexpr std::uint64_t rom_scan_end = 0xE0000;
inline constexpr std::uint64_t rom_scan_step = 2048;

/// The ROM image: readable and executable.
inline constexpr std::uint64_t rom_base = 0xD0000;
inline constexpr std::uint64_t rom_max_size = 0x8000;

/// The per-vCPU area: readable and writable, never executable. ROM code finds it at a fixed
/// distance from itself, so the kernel must map [rom_base, statistics_base + page_size) in one
/// linear piece.
inline constexpr std::uint64_t vcpu_area_base = 0xD8000;

/// The statistics page (shared/statistics.h): read-only, and present with and without the ROM.
inline constexpr std::uint64_t statistics_base = 0xDE000;
static_assert(rom_base + rom_max_size <= vcpu_area_base);
static_assert(vcpu_area_base + sizeof(VcpuArea) <= statistics_base);
static_assert(statistics_base + page_size <= rom_scan_end);

/// What the guest needs at its first instruction (docs/guests.md): start information, command line,
/// page tables and GDT. The guest may reuse the memory once it has its own.
inline constexpr std::uint64_t boot_area_base = 0x10000;
inline constexpr std::uint64_t boot_area_size = 0x10000;

} // namespace abi
