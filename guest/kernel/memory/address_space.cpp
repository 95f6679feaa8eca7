#include "guest/kernel/memory/address_space.h"

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

#include <iterator>

extern "C" {
extern std::uint64_t boot_pml4[]; // linked at its physical address (kernel/boot/entry.S)
extern const char user_image[];
extern const char user_image_end[];
}

namespace guest {
namespace {

AddressSpace kernel_space;
TicketLock locks[64];

void map_image(const AddressSpace& space) {
    const std::uint64_t image = to_physical(address_of(user_image));
    const std::uint64_t size = address_of(user_image_end) - address_of(user_image);
    TableWalk walk(space.root);
    for (std::uint64_t offset = 0; offset < size; offset += page_size)
        page_tables::write(walk.make_entry(user_image_base + offset),
                           (image + offset) | pte::read_execute | pte::user);
}

/// Entries of the user half in a table at `level`.
constexpr std::uint32_t user_entries(std::uint32_t level) {
    return level == pte::levels ? pte::first_kernel_entry : pte::entries;
}

/// Releases what the entries of `table` reference. The entries of a page table need not be cleared.
void release_entries(std::uint64_t table, std::uint32_t level, ReleasedTables& released) {
    for (std::uint32_t i = 0; i < user_entries(level); ++i) {
        const std::uint64_t entry = pte::table_at(table)[i];
        if ((entry & pte::present) == 0)
            continue;
        const std::uint64_t page = entry & pte::address_mask;
        if (level > 1) {
            release_entries(page, level - 1, released);
            page_tables::write(&pte::table_at(table)[i], 0);
            released.release(page, level - 1);
        } else if ((entry & pte::owned) != 0) {
            pages::release(page);
        }
    }
}

/// The entry that both sides of a fork get for a writable page that the address space owns.
std::uint64_t shared_entry(std::uint64_t* parent_entry) {
    std::uint64_t value = *parent_entry;
    if ((value & pte::owned) == 0)
        return value;
    pages::share(value & pte::address_mask);
    if ((value & pte::writable) != 0) {
        value = (value & ~(pte::writable | pte::dirty)) | pte::copy_on_write;
        page_tables::write(parent_entry, value);
    }
    return value;
}

void fork_entries(std::uint64_t parent, std::uint64_t child, std::uint32_t level) {
    for (std::uint32_t i = 0; i < user_entries(level); ++i) {
        const std::uint64_t entry = pte::table_at(parent)[i];
        if ((entry & pte::present) == 0)
            continue;
        if (level == 1) {
            page_tables::write(&pte::table_at(child)[i], shared_entry(&pte::table_at(parent)[i]));
        } else {
            const std::uint64_t table = page_tables::allocate(level - 1);
            page_tables::write(&pte::table_at(child)[i], table | pte::to_table);
            fork_entries(entry & pte::address_mask, table, level - 1);
        }
    }
}

} // namespace

AddressSpace& address_spaces::kernel() {
    if (kernel_space.root == 0)
        kernel_space.root = address_of(boot_pml4);
    return kernel_space;
}

TicketLock& address_spaces::lock_of(std::uint64_t root) {
    return locks[root / page_size % std::size(locks)];
}

void address_spaces::load(std::uint64_t root) {
    this_cpu().root = root;
    paravirt::set_cr3(root);
}

void address_spaces::drop_identity_mapping() {
    pte::table_at(kernel().root)[0] = 0;
    // Global translations survive a CR3 load; the identity mapping's are not global only while
    // CR4.PGE is clear, so this comes before it is set (kernel/cpu/control_register_setup.cpp).
    load(kernel().root);
}

AddressSpace address_spaces::create(std::uint32_t stacks) {
    const LazySection section(this_cpu());
    const AddressSpace space{page_tables::allocate_root(kernel().root)};
    map_image(space);
    address_ranges::map_own(space, user_tls_page, 1);
    for (std::uint32_t i = 0; i < stacks; ++i)
        address_ranges::map_own(space, user_stack_top(i) - page_size, 1);
    return space;
}

AddressSpace address_spaces::fork(const AddressSpace& parent) {
    AddressSpace child{};
    const LockGuard guard(lock_of(parent.root));
    constexpr std::uint64_t all_pages = ~std::uint64_t{0};
    Shootdown others(parent.root, 0, all_pages);
    {
        LazySection section(this_cpu());
        child.root = page_tables::allocate_root(kernel().root);
        fork_entries(parent.root, child.root, pte::levels);
        others.queue();
        section.publish();
    }
    others.finish();
    if (this_cpu().root == parent.root)
        paravirt::flush_tlb(abi::flush_flags::all, parent.root);
    return child;
}

void address_spaces::destroy(AddressSpace& space) {
    LazySection section(this_cpu());
    ReleasedTables released(section);
    release_entries(space.root, pte::levels, released);
    released.release(space.root, pte::levels);
    space.root = 0;
}

std::uint64_t user_stack_top(std::uint32_t index) {
    return user_stack_base + (index + std::uint64_t{1}) * user_stack_stride;
}

} // namespace guest
