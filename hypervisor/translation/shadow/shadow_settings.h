#pragma once
// What shadow paging is told about the machine at boot, and the minimum of memory that it needs.

#include "hypervisor/memory/memory_map.h"
#include "hypervisor/memory/page_allocator.h"
#include "hypervisor/x86/paging_mode.h"
#include "shared/processors.h"
#include "shared/vcpu_area.h"

#include <array>
#include <cstdint>
#include <span>

namespace hv {

/// Guest-physical pages below 1 MiB where the guest finds pages of the monitor
/// (address_space/guest_physical_map.h).
struct MonitorPages {
    PhysicalRange guest;        ///< guest-physical
    std::uint64_t physical = 0; ///< where the pages are
    /// If not 0, each vCPU sees pages of its own, and those of vCPU n lie n times this many bytes
    /// further.
    std::uint64_t stride = 0;
    bool writable = false;
    bool executable = false;
};

/// What shadow paging needs to know of the machine.
struct ShadowSettings {
    PagingFeatures features;
    std::uint64_t memory_end = 0; ///< guest-physical addresses from here on lead nowhere
    PhysicalRange monitor;        ///< memory that is mapped for no guest
    /// Addresses of pages of devices that the guest may only read; they outlive the shadow tables.
    std::span<const std::uint64_t> read_only_pages;
    std::array<MonitorPages, 3> monitor_pages{};
    /// Provides tables for the direct map if roots may be displaced (unaware/unaware.h), and is
    /// null if they may not.
    PageAllocator* direct_map_tables = nullptr;
    /// The kernel announces nothing, so what it will do next is guessed (unaware/unaware.h).
    bool guesses = false;
};

/// The fewest shadow tables with which one can always be taken, for one vCPU and for several: each
/// vCPU pins the root that it runs on, those it has published, one that it is about to load, and a
/// pointer table with its copy.
inline constexpr std::uint32_t min_shadow_tables = 128;
constexpr std::uint32_t min_shadow_tables_of(std::uint32_t vcpus) {
    return min_shadow_tables + (vcpus - 1) * (abi::root_pairs + 4);
}

/// The checked build of the monitor compares all shadow tables with the guest's page tables after
/// each exit that changed any.
#ifdef LAZYHV_CHECK_SHADOWS
inline constexpr bool checks_shadows = true;
#else
inline constexpr bool checks_shadows = false;
#endif

} // namespace hv
