#pragma once
// Physical memory in blocks of one page, or of four pages aligned to their size.

#include <cstdint>

namespace guest::pages {

/// Gives the allocator a range of free physical memory. Only what lies within
/// [first_usable_physical, linear_map_size) and behind the kernel is used. At most 16 ranges.
void add_range(std::uint64_t begin, std::uint64_t end);

/// Physical address of a zeroed page, owned by the caller. Out of memory is a panic.
std::uint64_t allocate();
/// Gives up a page, which is free once all its owners have. It must not be a page table any more,
/// not even one whose release is still queued.
void release(std::uint64_t page);

/// Gives a page one more owner; whether it has more than one.
void share(std::uint64_t page);
bool shared(std::uint64_t page);

/// The same for a block of 16 KiB, aligned to 16 KiB.
std::uint64_t allocate_block();
void release_block(std::uint64_t block);

/// Bytes never handed out so far.
std::uint64_t untouched_bytes();

} // namespace guest::pages
