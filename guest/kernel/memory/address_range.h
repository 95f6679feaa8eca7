#pragma once
// Ranges of an address space's user half: mapped, protected, unmapped and remapped in one lazy MMU
// section each, with the invalidation behind it that a processor needs.
//
// All ranges are of whole 4 KiB pages, `pages` of them from `linear` on.

#include "guest/kernel/memory/address_space.h"

#include <cstdint>
#include <span>

namespace guest {

enum class PageAccess : std::uint8_t { read_execute, read_only, read_write };

/// Pages of physical memory for a range, one after the other and again from the first.
using Frames = std::span<const std::uint64_t>;

namespace address_ranges {

/// Maps pages that stay the caller's. Nothing may be mapped there yet.
void map(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames,
         PageAccess access);

/// Maps a new, zeroed page, which the address space owns, wherever nothing is mapped.
void map_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

/// Changes the rights of all pages that are mapped.
void protect(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
             PageAccess access);

/// Unmaps all pages that are mapped, and gives up those that the address space owns.
void unmap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

/// Gives all pages that are mapped other frames, which stay the caller's; rights stay.
void remap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames);

/// Moves the contents of all pages that the address space owns into other pages.
void move_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

/// Drops the translations of a range that was changed: page by page up to 32 pages, else all.
/// Nothing to do unless the address space is the one in CR3.
void invalidate(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages);

} // namespace address_ranges
} // namespace guest
