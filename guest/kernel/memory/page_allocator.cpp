#include "guest/kernel/memory/page_allocator.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/memory/layout.h"

#include <array>
#include <cstring>

extern "C" const char kernel_end[];

namespace guest::pages {
namespace {

constexpr std::uint64_t block_size = 4 * page_size;
constexpr std::uint32_t max_ranges = 16;

struct Range {
    std::uint64_t next;
    std::uint64_t end;
};

/// A released block holds the link to the one released before it.
struct FreeBlock {
    std::uint64_t next;
};

struct FreeList {
    std::uint64_t first = 0;

    void push(std::uint64_t block) {
        linear_pointer<FreeBlock>(block)->next = first;
        first = block;
    }
    std::uint64_t pop() {
        const std::uint64_t block = first;
        if (block != 0)
            first = linear_pointer<FreeBlock>(block)->next;
        return block;
    }
};

TicketLock allocator_lock; ///< guards everything below
std::array<Range, max_ranges> ranges;
std::uint32_t range_count;
FreeList free_pages;
FreeList free_blocks;
std::array<std::uint16_t, linear_map_size / page_size>
    further_owners; ///< owners beyond the first, by page frame

constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

std::uint64_t take_dirty(FreeList& list, std::uint64_t size) {
    const LockGuard guard(allocator_lock);
    std::uint64_t block = list.pop();
    for (std::uint32_t i = 0; block == 0 && i < range_count; ++i) {
        const std::uint64_t begin = align_up(ranges[i].next, size);
        if (begin > ranges[i].end || ranges[i].end - begin < size)
            continue;
        // Pages that the alignment skips become free pages.
        for (std::uint64_t page = ranges[i].next; page < begin; page += page_size)
            free_pages.push(page);
        ranges[i].next = begin + size;
        block = begin;
    }
    return block;
}

std::uint64_t take(FreeList& list, std::uint64_t size) {
    const std::uint64_t block = take_dirty(list, size);
    if (block == 0)
        panic("out of memory");
    std::memset(linear_pointer<void>(block), 0, size);
    return block;
}

} // namespace

void add_range(std::uint64_t begin, std::uint64_t end) {
    const std::uint64_t kernel_end_physical = to_physical(address_of(kernel_end));
    if (begin < kernel_end_physical)
        begin = kernel_end_physical;
    if (end > linear_map_size)
        end = linear_map_size;
    begin = align_up(begin, page_size);
    end &= ~(page_size - 1);
    if (begin >= end || range_count == max_ranges)
        return;
    ranges[range_count++] = {begin, end};
}

std::uint64_t allocate() { return take(free_pages, page_size); }
void release(std::uint64_t page) {
    const LockGuard guard(allocator_lock);
    std::uint16_t& more = further_owners[page / page_size];
    if (more != 0)
        --more;
    else
        free_pages.push(page);
}
void share(std::uint64_t page) {
    const LockGuard guard(allocator_lock);
    ++further_owners[page / page_size];
}
bool shared(std::uint64_t page) { return further_owners[page / page_size] != 0; }
std::uint64_t allocate_block() { return take(free_blocks, block_size); }
void release_block(std::uint64_t block) {
    const LockGuard guard(allocator_lock);
    free_blocks.push(block);
}

std::uint64_t untouched_bytes() {
    std::uint64_t bytes = 0;
    for (std::uint32_t i = 0; i < range_count; ++i)
        bytes += ranges[i].end - ranges[i].next;
    return bytes;
}

} // namespace guest::pages
