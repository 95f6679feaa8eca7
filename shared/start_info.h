#pragma once
// What a guest is given at its first instruction: the PVH start information (docs/guests.md).

#include <cstddef>
#include <cstdint>

namespace abi {

inline constexpr std::uint32_t start_info_magic = 0x336EC578;

/// One range of the memory map. The types are those of E820: 1 RAM, 2 reserved, 3 ACPI, 4 NVS.
struct MemoryRange {
    std::uint64_t address;
    std::uint64_t size;
    std::uint32_t type;
    std::uint32_t reserved;
};
static_assert(sizeof(MemoryRange) == 24);
inline constexpr std::uint32_t memory_type_ram = 1;
inline constexpr std::uint32_t memory_type_reserved = 2;

/// Version 1 of the structure that Xen's public headers call hvm_start_info. All addresses are
/// guest-physical. QEMU passes its address in EBX to the PVH entry, lazyhv in RDI to the 64-bit
/// entry.
struct StartInfo {
    std::uint32_t magic;   ///< start_info_magic
    std::uint32_t version; ///< 1
    std::uint32_t flags;
    std::uint32_t module_count;
    std::uint64_t modules;
    std::uint64_t command_line; ///< zero-terminated
    std::uint64_t rsdp;
    std::uint64_t memory_map; ///< MemoryRange[]
    std::uint32_t memory_map_entries;
    std::uint32_t reserved;
};
static_assert(sizeof(StartInfo) == 56);
static_assert(offsetof(StartInfo, memory_map) == 40);

} // namespace abi
