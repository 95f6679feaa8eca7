// How page tables are registered, change, and are released.

#include "hypervisor/page_tables/registered_tables.h"

#include "hypervisor/memory/compare_pages.h"

#include <bit>

namespace hv {

using abi::Error;

namespace {

constexpr bool leads_to_table(std::uint64_t value, int level) {
    return (value & paging::present) != 0 && !FourLevelPaging::maps_page(value, level);
}

} // namespace

void RegisteredTables::count_links(int level, std::uint64_t value, int change) {
    if (!leads_to_table(value, level))
        return;
    if (Frame* target = frames_.of_address(value & paging::address_mask); target != nullptr)
        target->links += static_cast<std::uint32_t>(change);
}

void RegisteredTables::drop_links(int level, std::uint64_t page, std::uint32_t slots) {
    for (std::uint32_t slot = 0; slot < slots; ++slot)
        count_links(level, direct_word<std::uint64_t>(page + slot * paging::entry_size), -1);
}

void RegisteredTables::change(Frame& frame, std::uint64_t gpa, std::uint64_t value) {
    volatile std::uint64_t& entry = direct_word<std::uint64_t>(gpa);
    const std::uint64_t old = entry;
    if (frame.level > 1) {
        count_links(frame.level, old, -1);
        count_links(frame.level, value, 1);
    }
    entry = value;
    translation_->entry_changed(frame, gpa, old, value);
}

Error RegisteredTables::set_any_entry(std::uint64_t gpa, std::uint64_t value) {
    Frame* const frame = frames_.of_address(gpa);
    if (frame == nullptr)
        return Error::bad_frame;
    if (gpa % paging::entry_size != 0)
        return Error::bad_alignment;
    if (frame->level == 0)
        return set_unregistered(*frame, gpa, value);
    if (const Error error = judge(*frame, gpa, value); error != Error::none)
        return error;
    change(*frame, gpa, value);
    return Error::none;
}

Error RegisteredTables::set_unregistered(Frame& frame, std::uint64_t gpa, std::uint64_t value) {
    if (translation_->holds_descriptor_table(frame))
        return Error::protected_page;
    direct_word<std::uint64_t>(gpa) = value;
    translation_->unregistered_entry_changed(frame, gpa, value);
    return Error::none;
}

Error RegisteredTables::set_small_entry(std::uint64_t gpa, std::uint32_t value) {
    Frame* const frame = frames_.of_address(gpa);
    if (frame == nullptr)
        return Error::bad_frame;
    if (gpa % sizeof(value) != 0)
        return Error::bad_alignment;
    if (frame->level != 0 || translation_->holds_descriptor_table(*frame))
        return Error::protected_page;
    direct_word<std::uint32_t>(gpa) = value;
    const std::uint64_t word = align_down(gpa, paging::entry_size);
    translation_->unregistered_entry_changed(*frame, word, direct_word<std::uint64_t>(word));
    return Error::none;
}

Error RegisteredTables::update_entry(std::uint64_t gpa) {
    const auto value = memory_->read<std::uint64_t>(gpa);
    return value ? set_entry(gpa, *value) : Error::bad_frame;
}

// Most page tables are nearly empty when they are registered. `contents` is a copy, so that the
// caller's stays in registers.
[[gnu::noinline]] std::uint32_t RegisteredTables::first_used(Contents contents,
                                                             std::uint32_t slot) {
    if (slot < contents.first) {
        if (const std::uint32_t used = first_nonzero(contents.page, slot); used < contents.first)
            return used;
        slot = contents.first;
    }
    if (slot < contents.end) {
        if (const std::uint32_t used = first_nonzero(contents.clone, slot); used < contents.end)
            return used;
        slot = contents.end;
    }
    return first_nonzero(contents.page, slot);
}

// Judges and counts what a page will hold that becomes a table; on an error the counts are as
// before.
Error RegisteredTables::take_contents(Frame& frame, Contents contents) {
    std::uint32_t slot = 0;
    while (slot < paging::entries) {
        const std::uint64_t value = contents.entry(slot);
        if ((value & paging::present) == 0) {
            slot = first_used(contents, slot + 1);
            continue;
        }
        const std::uint64_t gpa = contents.page + slot * paging::entry_size;
        if (const Error error = judge(frame, gpa, value); error != Error::none) {
            while (slot-- > 0)
                count_links(frame.level, contents.entry(slot), -1);
            return error;
        }
        count_links(frame.level, value, 1);
        ++slot;
    }
    return Error::none;
}

// The page may be in use as a table that nobody announced: shadows of it follow.
void RegisteredTables::copy_entries(Frame& frame, const Contents& contents) {
    for (std::uint32_t slot = contents.first; slot < contents.end; ++slot) {
        const std::uint64_t gpa = contents.page + slot * paging::entry_size;
        volatile std::uint64_t& entry = direct_word<std::uint64_t>(gpa);
        const std::uint64_t value = contents.entry(slot);
        if (entry == value)
            continue;
        entry = value;
        translation_->unregistered_entry_changed(frame, gpa, value);
    }
}

Error RegisteredTables::allocate(std::uint64_t number, std::uint64_t clone,
                                 abi::AllocateOptions options) {
    const std::uint64_t level_flag = options.flags & abi::page_flags::levels;
    if (level_flag == 0 || (level_flag & (level_flag - 1)) != 0)
        return Error::bad_level;
    const auto level = static_cast<std::uint8_t>(std::countr_zero(level_flag) + 1);
    Frame* const frame = frames_.find(number);
    if (frame == nullptr)
        return Error::bad_frame;
    if (frame->level != 0)
        return Error::already_a_table;
    if (translation_->holds_descriptor_table(*frame))
        return Error::protected_page;
    const bool clones = (options.flags & abi::page_flags::clone) != 0;
    if (clones) {
        const Frame* const source = frames_.find(clone);
        if (source == nullptr || source->level != level)
            return Error::not_a_table;
        if (options.first > paging::entries || options.count > paging::entries - options.first)
            return Error::clone_out_of_range;
    }
    const std::uint64_t page = number * page_size;
    if (!translation_->before_registration(*frame))
        return paused;
    if (const Error error = translation_->protect(page); error != Error::none)
        return error;
    translation_->wait_until_protected();
    frame->level = level;
    const Contents contents{page, clone * page_size, clones ? options.first : 0U,
                            clones ? options.first + options.count : 0U};
    if (const Error error = take_contents(*frame, contents); error != Error::none) {
        frame->level = 0;
        translation_->release(page);
        return error;
    }
    copy_entries(*frame, contents);
    translation_->registered(*frame);
    return Error::none;
}

// The page no longer has a level; it had `level` before.
void RegisteredTables::give_back(Frame& frame, std::uint64_t number, int level) {
    const std::uint64_t page = number * page_size;
    if (level > 1)
        drop_links(level, page, paging::entries);
    translation_->unregistered(frame);
    frame.flags &= static_cast<std::uint8_t>(~(frame_flags::kept | frame_flags::reclaimed));
    translation_->release(page);
}

namespace {

// `current` with the bytes that differ between the other two. Under 32-bit paging a word has two
// entries, and another vCPU may have changed the other one meanwhile.
std::uint64_t with_changes(std::uint64_t current, std::uint64_t before, std::uint64_t after) {
    for (std::uint64_t byte = 0xFF; byte != 0; byte <<= 8)
        if (((before ^ after) & byte) != 0)
            current = (current & ~byte) | (after & byte);
    return current;
}

} // namespace

Error RegisteredTables::apply(std::uint64_t page, const std::uint8_t* before,
                              const std::uint8_t* image) {
    Frame& frame = *frames_.of_address(page);
    const auto* const old = reinterpret_cast<const std::uint64_t*>(before);
    const auto* const words = reinterpret_cast<const std::uint64_t*>(image);
    for (const bool changes : {false, true}) {
        for (std::uint32_t slot = 0; slot < paging::entries; ++slot) {
            if (words[slot] == old[slot])
                continue;
            const std::uint64_t gpa = page + slot * paging::entry_size;
            if (frame.level == 0) {
                if (changes) {
                    (void)set_unregistered(
                        frame, gpa,
                        with_changes(direct_word<std::uint64_t>(gpa), old[slot], words[slot]));
                }
            } else if (changes) {
                change(frame, gpa, words[slot]);
            } else if (const Error error = judge(frame, gpa, words[slot]); error != Error::none) {
                return error;
            }
        }
    }
    return Error::none;
}

void RegisteredTables::keep_descriptor_tables(std::uint64_t root) {
    Frame* const root_frame = frames_.find(root);
    if (root_frame == nullptr || root_frame->level != FourLevelPaging::levels)
        return;
    root_frame->flags |= frame_flags::kept;
    kept_->for_each_page([&](std::uint64_t linear) {
        const PageWalk walk =
            walk_pages<FourLevelPaging>(*memory_, root * page_size, linear, rules_.features);
        for (int level = FourLevelPaging::levels; level >= walk.level && level >= 1; --level) {
            Frame* frame = frames_.of_address(walk.step[static_cast<std::size_t>(level)].address);
            if (frame != nullptr && frame->level == level)
                frame->flags |= frame_flags::kept;
        }
    });
}

} // namespace hv
