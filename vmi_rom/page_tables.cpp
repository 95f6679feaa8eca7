// The page-table calls: SetPxE to SetLinearMapping, and Shootdown. `entry` is the linear address of
// a page-table entry, which a SetLinearMapping must cover; flags are those of
// shared/page_table_calls.h. Values are 64 bits wide, so SetPxELong and UpdatePxELong have the same
// entries as SetPxE and UpdatePxE.

#include "shared/call_table.h"
#include "shared/page_table_calls.h"
#include "vmi_rom/entries.h"

namespace rom {

namespace {

constexpr std::uint32_t page_shift = 12;
constexpr std::uint64_t max_frame = ~std::uint64_t{0} >> page_shift;

/// Not an address of a page-table entry: those are multiples of 8.
constexpr std::uint64_t not_mapped = ~std::uint64_t{0};

/// The guest-physical address of a linear one, or not_mapped. To be called with interrupts off, or
/// a handler could change a mapping of which one half has been read.
[[gnu::always_inline]] inline std::uint64_t physical(const abi::ControlPage& control,
                                                     std::uint64_t linear) {
#pragma GCC unroll 4
    for (const abi::LinearMapping& mapping : control.linear_mapping) {
        // For an address below the range the offset wraps around, to a value beyond any range.
        const std::uint64_t offset = linear - peek(mapping.linear);
        if (offset >> page_shift < peek(mapping.pages)) [[likely]] {
            return (peek(mapping.frame) << page_shift) + offset;
        }
    }
    return not_mapped;
}

/// To be called before the update is published: otherwise InvalPage in an interrupt handler would
/// find nothing to do.
[[gnu::always_inline]] inline void note_deferred(abi::ControlPage& control, std::uint64_t flags) {
    if ((flags & abi::update_flags::defer) != 0) [[unlikely]] {
        store(control.stale_translations, std::uint32_t{1});
    }
}

[[gnu::always_inline]] inline bool nothing_is_stale() {
    return is_zero(area().control.stale_translations);
}

/// Whether `pages` pages fit above `linear` as well as page frames above `frame`.
bool is_range(std::uint64_t linear, std::uint64_t pages, std::uint64_t frame) {
    if (linear % abi::page_size != 0) {
        return false;
    }
    return pages == 0 || (pages - 1 <= ~linear >> page_shift && frame <= max_frame &&
                          pages - 1 <= max_frame - frame);
}

} // namespace

Result set_pxe(std::uint64_t value, std::uint64_t entry, std::uint64_t flags) {
    disable_interrupts();
    abi::VcpuArea& vcpu_area = *in_register(&area());
    const std::uint64_t address = physical(vcpu_area.control, entry);
    Result error = result(abi::Error::no_linear_mapping);
    if (address != not_mapped) [[likely]] {
        error = queue_locked(vcpu_area, abi::Call::set_pxe, value, address, flags,
                             [flags](abi::ControlPage& control) { note_deferred(control, flags); });
    }
    restore_interrupts();
    return error;
}

Result update_pxe(std::uint64_t entry, std::uint64_t flags) {
    disable_interrupts();
    abi::VcpuArea& vcpu_area = *in_register(&area());
    const std::uint64_t address = physical(vcpu_area.control, entry);
    Result error = result(abi::Error::no_linear_mapping);
    if (address != not_mapped) [[likely]] {
        error = queue_locked(vcpu_area, abi::Call::update_pxe, address, flags, 0,
                             [flags](abi::ControlPage& control) { note_deferred(control, flags); });
    }
    restore_interrupts();
    return error;
}

// From here to Shootdown: queued while a lazy mode is set.

Result allocate_page(std::uint64_t frame, std::uint64_t flags, std::uint64_t clone_frame,
                     std::uint64_t first, std::uint64_t count) {
    return queue(abi::Call::allocate_page, frame, clone_frame,
                 abi::AllocateOptions::make(flags, first, count).encode());
}

Result release_page(std::uint64_t frame, std::uint64_t flags) {
    return queue(abi::Call::release_page, frame, flags);
}

// Nothing is queued, and there is no VM exit, while no translation is stale.
Result inval_page(std::uint64_t linear) {
    return nothing_is_stale() ? result(abi::Error::none) : queue(abi::Call::inval_page, linear);
}

// The same; and where the answer is `local`, the ROM drops all translations itself.
Result flush_tlb(std::uint64_t flags) {
    constexpr auto call = static_cast<std::uint32_t>(abi::Call::flush_tlb);
    if (static_cast<abi::Answer>(load(area().control.answer[call])) == abi::Answer::local) {
        drop_translations();
        return result(abi::Error::none);
    }
    return nothing_is_stale() ? result(abi::Error::none) : queue(abi::Call::flush_tlb, flags);
}

// `root` is the guest-physical root of an address space, or abi::every_address_space.
Result shootdown(std::uint64_t vcpus, std::uint64_t root) {
    return queue(abi::Call::shootdown, vcpus, root);
}

// Local. From now on the linear pages [linear, linear + pages) map the page frames from `frame` on.
// 0 pages free the slot.
Result set_linear_mapping(std::uint64_t slot, std::uint64_t linear, std::uint64_t pages,
                          std::uint64_t frame) {
    if (slot >= abi::linear_mappings || !is_range(linear, pages, frame)) {
        return result(abi::Error::bad_slot);
    }
    abi::LinearMapping& mapping = area().control.linear_mapping[slot];
    // In this order an interrupt handler finds the old range, a free slot, or the new range.
    store(mapping.pages, std::uint64_t{0});
    store(mapping.linear, linear);
    store(mapping.frame, frame);
    store(mapping.pages, pages);
    return result(abi::Error::none);
}

} // namespace rom
