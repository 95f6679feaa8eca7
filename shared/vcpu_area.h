#pragma once
// The per-vCPU area: one guest-physical address that each vCPU sees with its own pages.

#include "shared/ring.h"

#include <cstddef>
#include <cstdint>

namespace abi {

inline constexpr std::uint64_t page_size = 4096;

/// Lazy modes (docs/abi.md, "Lazy modes"): at most one, never nested, always paired.
enum class LazyMode : std::uint32_t { none = 0, mmu = 1, cpu = 2 };

/// A range of linear addresses behind which page-table entries lie, as SetLinearMapping gave it:
/// the linear page `linear` + n leads to the page frame `frame` + n, for n below `pages`.
struct LinearMapping {
    std::uint64_t linear; ///< of the first byte; a multiple of page_size
    std::uint64_t pages;  ///< 0: the slot is free
    std::uint64_t frame;
};
static_assert(sizeof(LinearMapping) == 24);
inline constexpr std::uint32_t linear_mappings = 4;

/// A root that a MOV to CR3 of `loaded` makes the guest's without a VM exit (docs/abi.md, "Roots
/// without an exit").
struct RootPair {
    std::uint64_t guest_root; ///< what the guest calls it; no_root: the pair is free
    std::uint64_t loaded;     ///< what CR3 must be given; stays when the pair becomes free
};
static_assert(sizeof(RootPair) == 16);
inline constexpr std::uint32_t root_pairs = 4;
/// No value for CR3, so equal to no root that is asked for.
inline constexpr std::uint64_t no_root = ~std::uint64_t{0};

/// The operand of LGDT and LIDT in 64-bit mode.
struct [[gnu::packed]] PseudoDescriptor {
    std::uint16_t limit;
    std::uint64_t base;
};
static_assert(sizeof(PseudoDescriptor) == 10);

/// The first page of the area, readable and writable by the guest. Nothing the monitor relies on
/// lies here: it keeps its own copy of all that is mirrored.
struct alignas(4096) ControlPage {
    RingHeader ring;

    std::uint32_t lazy_mode;          ///< a LazyMode; written by the ROM only
    std::uint32_t nested_mode_errors; ///< SetLazyMode(1 or 2) while a mode was set; the ROM counts
    std::uint32_t unpaired_mode_errors; ///< SetLazyMode(0) while none was set; the ROM counts
    std::uint32_t unknown_mode_errors;  ///< SetLazyMode with another number; the ROM counts

    /// Mirrors, so that the guest reads what it last asked for without an exit. The ROM
    /// writes one before it publishes the change; the monitor writes them at start, when a change
    /// comes without the ROM, and when one is refused.
    std::uint64_t cr0;
    std::uint64_t cr3;
    std::uint64_t cr4;
    std::uint64_t gdt_base;
    std::uint64_t idt_base;
    std::uint16_t gdt_limit;
    std::uint16_t idt_limit;
    std::uint16_t ldt_selector;
    std::uint16_t tr_selector;

    /// get_reloc's answer for each call number: an Answer (shared/call_table.h) for this profile
    /// and interface. Written by the monitor before the guest starts.
    std::uint8_t answer[call_limit];

    /// Not 0 while translations may be stale that only InvalPage or FlushTLB drops. The ROM sets it
    /// before it queues an update with update_flags::defer; the monitor sets it, and clears it when
    /// it has dropped them all. While it is 0 and nothing is queued, both calls have nothing to do.
    std::uint32_t stale_translations;
    std::uint32_t root_loads; ///< CR3 loads the ROM did without a VM exit, free-running; the ROM's
    /// Written by the monitor: withdrawn before what it names is given up.
    RootPair root_pair[root_pairs];
    /// Written by the ROM. Nothing the monitor relies on.
    LinearMapping linear_mapping[linear_mappings];
    std::uint32_t vcpu; ///< whose area this is; written by the monitor before the vCPU starts
};
static_assert(sizeof(ControlPage) == page_size);
static_assert(offsetof(ControlPage, lazy_mode) == 64);

/// The whole area as guest and monitor see it.
struct VcpuArea {
    ControlPage control;
    alignas(4096) RingEntry entry[ring_capacity];
};
static_assert(offsetof(VcpuArea, entry) == page_size);
static_assert(sizeof(VcpuArea) == 5 * page_size);

} // namespace abi
