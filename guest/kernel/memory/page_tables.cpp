#include "guest/kernel/memory/page_tables.h"

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

namespace guest {
namespace {

std::uint64_t frame_of(std::uint64_t physical) { return physical / page_size; }

} // namespace

/// What paravirt::allocate_page is without a ROM.
extern "C" [[gnu::used]] std::uint64_t
native_allocate_page(std::uint64_t frame, std::uint64_t flags, std::uint64_t clone_frame,
                     std::uint64_t first, std::uint64_t count) {
    if ((flags & abi::page_flags::clone) != 0)
        for (std::uint64_t i = first; i < first + count; ++i)
            pte::table_at(frame * page_size)[i] = pte::table_at(clone_frame * page_size)[i];
    return 0;
}

void page_tables::adopt(std::uint64_t table, std::uint32_t level) {
    const std::uint32_t error =
        paravirt::allocate_page_checked(frame_of(table), abi::page_level_flag(level), 0, 0, 0);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
}

std::uint64_t page_tables::allocate(std::uint32_t level) {
    const std::uint64_t table = pages::allocate();
    const std::uint32_t error = paravirt::allocate_page_checked(
        frame_of(table), abi::page_level_flag(level) | abi::page_flags::zeroed, 0, 0, 0);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
    return table;
}

std::uint64_t page_tables::allocate_root(std::uint64_t kernel_root) {
    const std::uint64_t root = pages::allocate();
    const std::uint32_t error = paravirt::allocate_page_checked(
        frame_of(root), abi::page_flags::pml4 | abi::page_flags::zeroed | abi::page_flags::clone,
        frame_of(kernel_root), pte::first_kernel_entry, pte::entries - pte::first_kernel_entry);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
    return root;
}

std::uint64_t* page_tables::find(std::uint64_t root, std::uint64_t linear) {
    std::uint64_t table = root;
    for (std::uint32_t level = pte::levels;; --level) {
        std::uint64_t* const entry = &pte::table_at(table)[pte::index_of(linear, level)];
        const auto value = *static_cast<const volatile std::uint64_t*>(entry);
        if (level == 1 || (value & pte::present) == 0 || (value & pte::large) != 0)
            return entry;
        table = value & pte::address_mask;
    }
}

bool TableWalk::descend(std::uint64_t linear, std::uint32_t end, bool make) {
    // Find the lowest paging structure of the previous address that also covers this one.
    std::uint32_t level = end;
    while (level < pte::levels &&
           (table_[level] == 0 || (linear ^ linear_) >> pte::shift(level + 1) != 0))
        ++level;
    linear_ = linear;
    for (; level > end; --level) {
        std::uint64_t* const entry = &pte::table_at(table_[level])[pte::index_of(linear, level)];
        // Addresses ascend, so this section has not written this entry, and it may be read.
        std::uint64_t value = *static_cast<const volatile std::uint64_t*>(entry);
        if ((value & pte::present) == 0) {
            if (!make) {
                while (level > 1)
                    table_[--level] = 0;
                return false;
            }
            value = page_tables::allocate(level - 1) | pte::to_table;
            page_tables::write(entry, value);
        }
        table_[level - 1] = value & pte::address_mask;
    }
    while (level > 1) // structures of the previous address
        table_[--level] = 0;
    return true;
}

std::uint64_t* TableWalk::make_table_entry(std::uint64_t linear, std::uint32_t level) {
    descend(linear, level, true);
    return entry_in(linear, level);
}

void ReleasedTables::release(std::uint64_t table, std::uint32_t level) {
    const std::uint32_t error =
        paravirt::release_page_checked(frame_of(table), abi::page_level_flag(level));
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(this_cpu(), error);
    if (count_ == page_.size())
        free_all();
    page_[count_++] = table;
}

void ReleasedTables::free_all() {
    section_.flush();
    for (; count_ > 0; --count_)
        pages::release(page_[count_ - 1]);
}

} // namespace guest
