#pragma once
// The per-vCPU area: pages at one guest-physical address, of which each vCPU has its own.

#include "shared/call_limit.h"
#include "shared/ring.h"

#include <cstddef>
#include <cstdint>

namespace abi {

inline constexpr std::uint64_t page_size = 4096;

/// The lazy modes (docs/abi.md, "Lazy modes"): at most one is set, they are never nested, and
/// whoever enters one leaves it.
enum class LazyMode : std::uint32_t { none = 0, mmu = 1, cpu = 2 };

/// A range of linear addresses at which the kernel reaches its page tables, as SetLinearMapping
/// gave it: page n after `linear` maps the page frame `frame` + n, for n below `pages`.
struct LinearMapping {
    std::uint64_t linear; ///< address of the first byte; a multiple of page_size
    std::uint64_t pages;  ///< length; 0 if the slot is free
    std::uint64_t frame;  ///< number of the first page frame
};
static_assert(sizeof(LinearMapping) == 24);
inline constexpr std::uint32_t linear_mappings = 4;

/// A root that the guest can load without a VM exit, by moving `loaded` to CR3 (docs/abi.md, "Roots
/// without an exit").
struct RootPair {
    std::uint64_t guest_root; ///< the value that the kernel asks for; no_root: the pair is free
    std::uint64_t loaded;     ///< the value for CR3; it stays when the pair becomes free
};
static_assert(sizeof(RootPair) == 16);
inline constexpr std::uint32_t root_pairs = 4;
/// Not a valid value of CR3, so it equals no root that is asked for.
inline constexpr std::uint64_t no_root = ~std::uint64_t{0};

/// The operand of LGDT and LIDT in 64-bit mode.
struct [[gnu::packed]] PseudoDescriptor {
    std::uint16_t limit;
    std::uint64_t base;
};
static_assert(sizeof(PseudoDescriptor) == 10);

/// The first page of the area, readable and writable by the guest. The monitor relies on nothing in
/// it: whatever matters it has in memory of its own.
struct alignas(4096) ControlPage {
    RingHeader ring;

    std::uint32_t lazy_mode;          ///< an abi::LazyMode; only the ROM writes it
    std::uint32_t nested_mode_errors; ///< SetLazyMode(1 or 2) while a mode was set; the ROM counts
    std::uint32_t unpaired_mode_errors; ///< SetLazyMode(0) while none was set; the ROM counts
    std::uint32_t unknown_mode_errors;  ///< SetLazyMode with another number; the ROM counts

    /// Mirrors of registers, from which the guest reads what it asked for last without a VM exit.
    /// The ROM writes a mirror before it publishes the change. The monitor writes them at the
    /// start, when a register changes without the ROM, and when it refuses a change.
    std::uint64_t cr0;
    std::uint64_t cr3;
    std::uint64_t cr4;
    std::uint64_t gdt_base;
    std::uint64_t idt_base;
    std::uint16_t gdt_limit;
    std::uint16_t idt_limit;
    std::uint16_t ldt_selector;
    std::uint16_t tr_selector;

    /// For each call number the abi::Answer (shared/call_table.h) on this profile and interface,
    /// from which get_reloc answers. The monitor writes them before the guest starts.
    std::uint8_t answer[call_limit];

    /// Not 0 while there may be stale translations that only InvalPage or FlushTLB drops. The ROM
    /// sets it before it queues an update with update_flags::defer. The monitor sets it too, and
    /// clears it when it has dropped them all. While it is 0, both calls have nothing to do.
    std::uint32_t stale_translations;
    std::uint32_t root_loads; ///< the ROM counts its loads of CR3 without a VM exit; free-running
    /// Written by the monitor, which withdraws a pair before it gives up what `loaded` points to.
    RootPair root_pair[root_pairs];
    /// Written by the ROM. The monitor does not use it.
    LinearMapping linear_mapping[linear_mappings];
    std::uint32_t vcpu; ///< whose area this is; the monitor writes it before the vCPU starts
    std::uint8_t answer_32[call_limit]; ///< as `answer`, for 32-bit kernels
};
static_assert(sizeof(ControlPage) == page_size);
static_assert(offsetof(ControlPage, lazy_mode) == 64);

/// The whole area, as guest and monitor see it.
struct VcpuArea {
    ControlPage control;
    alignas(4096) RingEntry entry[ring_capacity];
};
static_assert(offsetof(VcpuArea, entry) == page_size);
static_assert(sizeof(VcpuArea) == 5 * page_size);

} // namespace abi
