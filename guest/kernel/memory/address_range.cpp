#include "guest/kernel/memory/address_range.h"

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace guest::address_ranges {
namespace {

/// For more pages than this, all translations are dropped at once.
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

/// Calls `change` with the entry and its value for each page of a range that is mapped, and drops
/// the translations of other processors. The caller holds the address space's lock.
template <typename Change>
void change_mapped(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
                   Change change) {
    Shootdown others(space.root, linear, pages);
    {
        LazySection section(this_cpu());
        TableWalk walk(space.root);
        for (std::uint64_t i = 0; i < pages; ++i) {
            std::uint64_t* const entry = walk.entry(linear + i * page_size);
            if (entry != nullptr && (*entry & pte::present) != 0)
                change(entry, *entry);
        }
        others.queue();
        section.publish();
    }
    others.finish();
}

template <typename Change>
void for_each_mapped(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
                     Change change) {
    const LockGuard guard(address_spaces::lock_of(space.root));
    change_mapped(space, linear, pages, change);
}

/// Pages to release once no processor can use them.
class GivenUpPages {
  public:
    static constexpr std::size_t most = 256;

    void add(std::uint64_t page) {
        if (!processors::several())
            return pages::release(
                page); // no task runs before the section ends, and nobody can take the page
        page_[count_++] = page;
    }
    void release_all() {
        for (; count_ > 0; --count_)
            pages::release(page_[count_ - 1]);
    }

  private:
    std::array<std::uint64_t, most> page_;
    std::size_t count_ = 0;
};

/// Calls `change` for the whole range. Where there are several processors, calls it for parts of
/// the range, each small enough that GivenUpPages can hold the pages that the part gives up.
template <typename Change>
void in_parts(std::uint64_t linear, std::uint64_t pages, Change change) {
    const std::uint64_t most = processors::several() ? GivenUpPages::most : pages;
    while (pages != 0) {
        const std::uint64_t part = std::min(pages, most);
        change(linear, part);
        linear += part * page_size;
        pages -= part;
    }
}

/// Makes the page read-only, so that other processors that write to it wait in their page faults
/// for the lock.
void hold_writes(std::uint64_t* entry, std::uint64_t value) {
    if ((value & pte::owned) != 0 && (value & pte::writable) != 0)
        page_tables::write(entry, (value & ~(pte::writable | pte::dirty)) | pte::copy_on_write);
}

void move_page(std::uint64_t* entry, std::uint64_t value, GivenUpPages& given_up) {
    if ((value & pte::owned) == 0)
        return;
    const std::uint64_t old = value & pte::address_mask;
    const std::uint64_t page = pages::allocate();
    std::memcpy(linear_pointer<void>(page), linear_pointer<void>(old), page_size);
    std::uint64_t now = (value & ~pte::address_mask) | page;
    if ((value & pte::copy_on_write) != 0)
        now = (now & ~pte::copy_on_write) | pte::writable | pte::dirty;
    page_tables::write(entry, now);
    given_up.add(old);
}

} // namespace

void map(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames,
         PageAccess access) {
    const LockGuard guard(address_spaces::lock_of(space.root));
    LazySection section(this_cpu());
    TableWalk walk(space.root);
    std::size_t next = 0;
    for (std::uint64_t i = 0; i < pages; ++i) {
        page_tables::write(walk.make_entry(linear + i * page_size), frames[next] | rights(access));
        next = next + 1 == frames.size() ? 0 : next + 1;
    }
    section.publish();
}

void map_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    const LockGuard guard(address_spaces::lock_of(space.root));
    LazySection section(this_cpu());
    TableWalk walk(space.root);
    for (std::uint64_t i = 0; i < pages; ++i) {
        std::uint64_t* const entry = walk.make_entry(linear + i * page_size);
        if ((*entry & pte::present) == 0)
            page_tables::write(entry,
                               pages::allocate() | rights(PageAccess::read_write) | pte::owned);
    }
    section.publish();
}

void protect(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages,
             PageAccess access) {
    for_each_mapped(space, linear, pages, [access](std::uint64_t* entry, std::uint64_t value) {
        std::uint64_t now = (value & ~all_rights) | rights(access);
        // A page that other address spaces share becomes writable by copying it.
        if (access == PageAccess::read_write && (value & pte::owned) != 0 &&
            pages::shared(value & pte::address_mask))
            now = (now & ~pte::writable) | pte::copy_on_write;
        page_tables::write(entry, now);
    });
    invalidate(space, linear, pages);
}

void unmap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    in_parts(linear, pages, [&space](std::uint64_t begin, std::uint64_t count) {
        GivenUpPages given_up;
        for_each_mapped(space, begin, count,
                        [&given_up](std::uint64_t* entry, std::uint64_t value) {
                            page_tables::write(entry, 0);
                            if ((value & pte::owned) != 0)
                                given_up.add(value & pte::address_mask);
                        });
        invalidate(space, begin, count);
        given_up.release_all();
    });
}

void remap(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages, Frames frames) {
    std::size_t next = 0;
    for_each_mapped(
        space, linear, pages, [frames, &next](std::uint64_t* entry, std::uint64_t value) {
            page_tables::write(entry, (value & ~(pte::address_mask | pte::owned)) | frames[next]);
            next = next + 1 == frames.size() ? 0 : next + 1;
        });
    invalidate(space, linear, pages);
}

void move_own(const AddressSpace& space, std::uint64_t linear, std::uint64_t pages) {
    in_parts(linear, pages, [&space](std::uint64_t begin, std::uint64_t count) {
        GivenUpPages given_up;
        {
            const LockGuard guard(address_spaces::lock_of(space.root));
            if (processors::several())
                change_mapped(space, begin, count, hold_writes);
            change_mapped(space, begin, count,
                          [&given_up](std::uint64_t* entry, std::uint64_t value) {
                              move_page(entry, value, given_up);
                          });
        }
        invalidate(space, begin, count);
        given_up.release_all();
    });
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
