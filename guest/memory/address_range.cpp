#include "guest/memory/address_range.h"

#include "guest/memory/page_allocator.h"
#include "guest/memory/page_tables.h"
#include "guest/paravirt/operations.h"
#include "shared/page_table_calls.h"

#include <cstring>

namespace guest::address_ranges {
namespace {

/// Above this many pages everything is dropped at once.
constexpr std::uint64_t max_single_invalidations = 32;

/// Rights of a user page.
constexpr std::uint64_t rights(PageAccess access) {
    switch (access) {
    case PageAccess::read_execute:
        return pte::read_execute | pte::user;
    case PageAccess::read_only:
        return pte::read_only | pte::user;
    case PageAccess::read_write:
        break;
    }
    return pte::read_write | pte::user;
}
constexpr std::uint64_t all_rights = pte::read_write | pte::user | pte::copy_on_write;

/// Calls `change` with the entry, its value and the page's number for each page of a range that is
/// mapped.
template <typename Change>
void for_each_mapped(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
                     Change change) {
    const LazySection section(this_cpu());
    TableWalk walk(space.root);
    for (std::uint64_t i = 0; i < pages; ++i) {
        std::uint64_t* const entry = walk.entry(linear + i * page_size);
        if (entry != nullptr && (*entry & pte::present) != 0)
            change(entry, *entry, i);
    }
}

} // namespace

void map(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames,
         PageAccess access) {
    const LazySection section(this_cpu());
    TableWalk walk(space.root);
    std::size_t next = 0;
    for (std::uint64_t i = 0; i < pages; ++i) {
        page_tables::write(walk.make_entry(linear + i * page_size), frames[next] | rights(access));
        next = next + 1 == frames.size() ? 0 : next + 1;
    }
}

void map_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    const LazySection section(this_cpu());
    TableWalk walk(space.root);
    for (std::uint64_t i = 0; i < pages; ++i) {
        std::uint64_t* const entry = walk.make_entry(linear + i * page_size);
        if ((*entry & pte::present) == 0)
            page_tables::write(entry,
                               pages::allocate() | rights(PageAccess::read_write) | pte::owned);
    }
}

void protect(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
             PageAccess access) {
    for_each_mapped(space, linear, pages,
                    [access](std::uint64_t* entry, std::uint64_t value, std::uint64_t) {
                        std::uint64_t now = (value & ~all_rights) | rights(access);
                        // A page that others have too becomes writable by a copy.
                        if (access == PageAccess::read_write && (value & pte::owned) != 0 &&
                            pages::shared(value & pte::address_mask))
                            now = (now & ~pte::writable) | pte::copy_on_write;
                        page_tables::write(entry, now);
                    });
    invalidate(space, linear, pages);
}

void unmap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    for_each_mapped(space, linear, pages,
                    [](std::uint64_t* entry, std::uint64_t value, std::uint64_t) {
                        page_tables::write(entry, 0);
                        // No task runs, and nobody takes the page, before the invalidation.
                        if ((value & pte::owned) != 0)
                            pages::release(value & pte::address_mask);
                    });
    invalidate(space, linear, pages);
}

void remap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames) {
    std::size_t next = 0;
    for_each_mapped(space, linear, pages,
                    [frames, &next](std::uint64_t* entry, std::uint64_t value, std::uint64_t) {
                        page_tables::write(entry, (value & ~(pte::address_mask | pte::owned)) |
                                                      frames[next]);
                        next = next + 1 == frames.size() ? 0 : next + 1;
                    });
    invalidate(space, linear, pages);
}

void move_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    for_each_mapped(
        space, linear, pages, [](std::uint64_t* entry, std::uint64_t value, std::uint64_t) {
            if ((value & pte::owned) == 0)
                return;
            const std::uint64_t old = value & pte::address_mask;
            const std::uint64_t page = pages::allocate();
            std::memcpy(linear_pointer<void>(page), linear_pointer<void>(old), page_size);
            std::uint64_t now = (value & ~pte::address_mask) | page;
            if ((value & pte::copy_on_write) != 0)
                now = (now & ~pte::copy_on_write) | pte::writable | pte::dirty;
            page_tables::write(entry, now);
            pages::release(old);
        });
    invalidate(space, linear, pages);
}

void invalidate(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    if (this_cpu().root != space.root)
        return;
    if (pages > max_single_invalidations)
        return paravirt::flush_tlb(abi::flush_flags::all, space.root);
    for (std::uint64_t i = 0; i < pages; ++i)
        paravirt::inval_page(linear + i * page_size);
}

} // namespace guest::address_ranges
