#include "vmi_rom/linear_mapping.h"

#include "vmi_rom/entries.h"

namespace rom {

namespace {

constexpr Word max_frame = ~Word{0} >> page_shift;

/// Whether `pages` pages fit above `linear` as well as page frames above `frame`.
bool is_range(Word linear, Word pages, Word frame) {
    if (linear % abi::page_size != 0) {
        return false;
    }
    return pages == 0 || (pages - 1 <= ~linear >> page_shift && frame <= max_frame &&
                          pages - 1 <= max_frame - frame);
}

} // namespace

// Local. From now on the linear pages [linear, linear + pages) map the page frames from `frame` on.
// 0 pages free the slot.
Result set_linear_mapping(Argument slot, Argument linear, Argument pages, Argument frame) {
    if (slot >= abi::linear_mappings || !is_range(linear, pages, frame)) {
        return result(abi::Error::bad_slot);
    }
    abi::LinearMapping& mapping = area().control.linear_mapping[slot];
    // In this order an interrupt handler finds the old range, a free slot, or the new range.
    store_word(mapping.pages, 0);
    store_word(mapping.linear, linear);
    store_word(mapping.frame, frame);
    store_word(mapping.pages, pages);
    return result(abi::Error::none);
}

} // namespace rom
