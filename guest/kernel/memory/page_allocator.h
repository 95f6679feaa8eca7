#pragma once
// Physical memory in blocks of one page, or of four pages aligned to their size.

#include <cstdint>

namespace guest::pages {

/// Gives the allocator a range of free physical memory. Only the part within
/// [first_usable_physical, linear_map_size) and above the kernel's image is used. At most 16
/// ranges.
void add_range(std::uint64_t begin, std::uint64_t end);

/// Returns the physical address of a zeroed page, which the caller owns. Running out of memory is a
/// panic.
std::uint64_t allocate();
/// Gives up a page. It becomes free once all its owners have given it up. It must no longer be a
/// page table, not even one whose release is still queued.
void release(std::uint64_t page);

/// `share` gives a page one more owner; `shared` says whether it has more than one.
void share(std::uint64_t page);
bool shared(std::uint64_t page);

/// The same for a block of 16 KiB, aligned to 16 KiB.
std::uint64_t allocate_block();
void release_block(std::uint64_t block);

/// Bytes that have never been handed out.
std::uint64_t untouched_bytes();

} // namespace guest::pages
