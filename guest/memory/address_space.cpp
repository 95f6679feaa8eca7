#include "guest/memory/address_space.h"

#include "guest/memory/layout.h"
#include "guest/memory/page_allocator.h"
#include "guest/paravirt/operations.h"

extern "C" {
extern std::uint64_t boot_pml4[]; // linked at its physical address (boot/entry.S)
extern const char user_image[];
extern const char user_image_end[];
}

namespace guest {
namespace {

// Intel SDM vol. 3, 4.5: entries of four-level paging.
constexpr std::uint64_t present = 1 << 0;
constexpr std::uint64_t writable = 1 << 1;
constexpr std::uint64_t user = 1 << 2;
constexpr std::uint64_t owned = 1 << 9; // ignored by the processor: the page is this space's own
constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;
constexpr std::uint64_t address_mask = 0x000FFFFFFFFFF000;

constexpr std::uint32_t entries = 512;
constexpr std::uint32_t first_kernel_entry = 256;
constexpr std::uint32_t levels = 4;

AddressSpace kernel_space;

std::uint64_t* table_at(std::uint64_t physical) { return linear_pointer<std::uint64_t>(physical); }

/// The table's entry for `linear` at `level` (4: PML4 ... 1: page table).
std::uint32_t index_of(std::uint64_t linear, std::uint32_t level) {
    return static_cast<std::uint32_t>(linear >> (12 + 9 * (level - 1))) % entries;
}

void map(const AddressSpace& space, std::uint64_t linear, std::uint64_t physical,
         std::uint64_t flags) {
    std::uint64_t table = space.root;
    for (std::uint32_t level = levels; level > 1; --level) {
        std::uint64_t& entry = table_at(table)[index_of(linear, level)];
        if ((entry & present) == 0)
            entry = pages::allocate() | present | writable | user;
        table = entry & address_mask;
    }
    table_at(table)[index_of(linear, 1)] = physical | flags | present | user;
}

void map_own_page(const AddressSpace& space, std::uint64_t linear) {
    map(space, linear, pages::allocate(), writable | owned | execute_disable);
}

void release_table(std::uint64_t table, std::uint32_t level) {
    const std::uint32_t limit = level == levels ? first_kernel_entry : entries;
    for (std::uint32_t i = 0; i < limit; ++i) {
        const std::uint64_t entry = table_at(table)[i];
        if ((entry & present) == 0)
            continue;
        if (level > 1)
            release_table(entry & address_mask, level - 1);
        else if ((entry & owned) != 0)
            pages::release(entry & address_mask);
    }
    pages::release(table);
}

} // namespace

AddressSpace& address_spaces::kernel() {
    kernel_space.root = address_of(boot_pml4);
    return kernel_space;
}

void address_spaces::drop_identity_mapping() {
    table_at(kernel().root)[0] = 0;
    // Global translations survive a CR3 load; the identity mapping's are not global only while
    // CR4.PGE is clear, so this comes before it is set (cpu/control_register_setup.cpp).
    paravirt::set_cr3(kernel().root);
}

AddressSpace address_spaces::create(std::uint32_t stacks) {
    const AddressSpace space{pages::allocate()};
    for (std::uint32_t i = first_kernel_entry; i < entries; ++i)
        table_at(space.root)[i] = table_at(kernel().root)[i];

    const std::uint64_t image = to_physical(address_of(user_image));
    const std::uint64_t size = address_of(user_image_end) - address_of(user_image);
    for (std::uint64_t offset = 0; offset < size; offset += page_size)
        map(space, user_image_base + offset, image + offset, 0);
    map_own_page(space, user_tls_page);
    for (std::uint32_t i = 0; i < stacks; ++i)
        map_own_page(space, user_stack_top(i) - page_size);
    return space;
}

void address_spaces::destroy(AddressSpace& space) {
    release_table(space.root, levels);
    space.root = 0;
}

std::uint64_t user_stack_top(std::uint32_t index) {
    return user_stack_base + (index + std::uint64_t{1}) * user_stack_stride;
}

} // namespace guest
