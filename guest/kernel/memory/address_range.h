#pragma once
// Ranges of an address space's user half: each operation maps, protects, unmaps or remaps a range
// in one lazy MMU section, followed by the invalidation that processors need.
//
// A range consists of `pages` 4 KiB pages from `linear` on.

#include "guest/kernel/memory/address_space.h"

#include <cstdint>
#include <span>

namespace guest {

enum class PageAccess : std::uint8_t { read_execute, read_only, read_write };

/// Physical pages for a range. They are used in order, and again from the first when they run out.
using Frames = std::span<const std::uint64_t>;

namespace address_ranges {

/// Maps pages that remain the caller's. Nothing may be mapped in the range yet.
void map(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames,
         PageAccess access);

/// Wherever nothing is mapped, maps a new, zeroed page that the address space owns.
void map_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

/// Changes the access rights of all pages that are mapped.
void protect(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
             PageAccess access);

/// Unmaps all pages that are mapped, and releases those that the address space owns.
void unmap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

/// Maps other frames, which remain the caller's, wherever a page is mapped; access rights stay.
void remap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames);

/// Moves the contents of all pages that the address space owns into other pages.
void move_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

/// Drops the translations of a range that was changed: page by page up to 32 pages, otherwise all
/// of them. Does nothing unless CR3 holds this address space.
void invalidate(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

} // namespace address_ranges
} // namespace guest
