// How shadow tables follow what the guest changes in its page tables.

#include "hypervisor/translation/shadow/shadow_tables.h"

#include "hypervisor/translation/shadow/unsynced_copy.h"

namespace hv {

namespace {

constexpr std::uint32_t slot_of_entry(std::uint64_t gpa) {
    return static_cast<std::uint32_t>(gpa % page_size / sizeof(FourLevelPaging::Entry));
}

/// A page may be a page table of each level in IA-32e mode, of two under PAE paging, and under
/// 32-bit paging have six parts.
constexpr std::size_t max_shadows_of_view = 12;

/// The index of the 4-byte entry at `gpa` in its page table.
constexpr std::uint32_t index_of_small(std::uint64_t gpa) {
    return static_cast<std::uint32_t>(gpa % page_size / sizeof(ThirtyTwoBitPaging::Entry));
}

} // namespace

// The guest's entry for which shadow entry `number`, above level 1, stands is now `value`.
void ShadowTables::change_table_entry(EntryNumber number, int level, std::uint64_t value) {
    const ShadowNumber old = level == 2 ? child_or_aside(number) : child_of(number);
    ShadowNumber child = 0;
    // An entry for a large page is left to the next fault.
    if (leads_to_table(value, level)) {
        // A table that all vCPUs share must not lead to one that belongs to one vCPU. The next
        // fault makes separate tables.
        const ShadowView viewer = pool_.table(number / shadow_slots).view;
        Frame* const frame = frames_.of_address(value & paging::address_mask);
        const bool may_lead = frame != nullptr && (viewer != shared_view ||
                                                   (frame->flags & frame_flags::per_vcpu) == 0);
        if (may_lead) {
            const TableFormat format =
                pool_.table(number / shadow_slots).format.below(level, number % shadow_slots);
            child = find_in_step(*frame, level - 1, viewer, format);
            if (child == 0 && frame->level == level - 1 && !is_work_spent()) {
                pin(number / shadow_slots);
                pin(old); // table 0 is never used
                child = make(*frame, level - 1, viewer, format);
                unpin(old);
                unpin(number / shadow_slots);
            }
        }
    }
    replace(number, child != 0 ? table_entry(child, value, level) : 0);
    if (old == 0 || old == child)
        return;
    // A page table that the guest has unlinked is most likely no longer a page table.
    const ShadowTable& orphan = pool_.table(old);
    const Frame* frame = frames_.find(orphan.frame);
    if (orphan.parents == 0 && orphan.pins == 0 && (frame == nullptr || frame->level == 0) &&
        !is_work_spent())
        (void)release(old);
}

void ShadowTables::entry_changed(Frame& frame, std::uint64_t gpa, std::uint64_t value) {
    const std::uint32_t slot = slot_of_entry(gpa);
    const ShadowNumber first = frame.first_shadow;
    if (first == 0)
        return;
    const ShadowTable& table = pool_.table(first);
    if (table.level == 1 && table.next == 0 && table.flags == 0) [[likely]]
        return replace(first * shadow_slots + slot, leaf_entry(value, table.view));
    // A change at one level may release the shadow table of another level, where a page table leads
    // to itself.
    using Shadows =
        boost::container::static_vector<ShadowNumber, max_shadows_of_view*(abi::max_vcpus + 1)>;
    Shadows shadows;
    for (ShadowNumber number = first; number != 0; number = pool_.table(number).next)
        shadows.push_back(number);
    const std::uint64_t number_of_frame = frames_.number(frame);
    for (const ShadowNumber number : shadows) {
        const ShadowTable& shadow = pool_.table(number);
        if (shadow.level == 0 || shadow.frame != number_of_frame ||
            (shadow.flags & shadow_flags::direct) != 0)
            continue;
        if (shadow.format.mode == PagingMode::four_level)
            slot_changed(number, slot, value);
        else
            legacy_entries_changed(number, gpa);
    }
}

// The guest's entry for which this slot stands is now `value`.
void ShadowTables::slot_changed(ShadowNumber number, std::uint32_t slot, std::uint64_t value) {
    const ShadowTable& shadow = pool_.table(number);
    const EntryNumber entry = number * shadow_slots + slot;
    if ((shadow.flags & shadow_flags::unsynced) != 0)
        set_seen_entry(pool_, shadow, slot, value);
    if (shadow.level == 1)
        return replace(entry, leaf_entry(value, shadow.view));
    const bool led_somewhere = child_or_aside(entry) != 0;
    change_table_entry(entry, shadow.level, value);
    if (settings_.guesses && led_somewhere && (value & paging::present) == 0)
        expect_end(number);
}

// The entries are read from the page table, where the monitor has written them. A change may
// release the shadow table.
void ShadowTables::legacy_entries_changed(ShadowNumber number, std::uint64_t gpa) {
    const ShadowTable& table = pool_.table(number);
    const SlotRange slots = slots_at(table, gpa);
    for (std::uint32_t slot = slots.first; slot < slots.first + slots.count; ++slot)
        if (table.level != 0)
            slot_changed(number, slot, read_guest(table, slot));
}

// In a table out of step only these bits are copied: other differences are left for a sync to find.
void ShadowTables::note_guest_bits(Frame& frame, std::uint64_t gpa, std::uint64_t value) {
    const std::uint32_t slot = slot_of_entry(gpa);
    for (ShadowNumber number = frame.first_shadow; number != 0; number = pool_.table(number).next) {
        const ShadowTable& table = pool_.table(number);
        if ((table.flags & shadow_flags::unsynced) != 0) {
            // No other entry: its accessed and dirty bits may belong to another page by now.
            const bool is_half = table.format.mode == PagingMode::two_level;
            const SlotRange slots =
                is_half ? slots_of_small_entry(index_of_small(gpa), table.level, table.format.part)
                        : SlotRange{slot, 1};
            for (std::uint32_t at = slots.first; at < slots.first + slots.count; ++at) {
                const std::uint64_t guest = is_half ? read_guest(table, at) : value;
                const std::uint64_t seen =
                    seen_entry(pool_, table, at) | (guest & (paging::accessed | paging::dirty));
                set_seen_entry(pool_, table, at, seen);
                replace(number * shadow_slots + at, leaf_entry(seen, table.view));
            }
        } else if (table.format.mode == PagingMode::two_level) {
            if (table.level == 1)
                legacy_entries_changed(number, gpa);
        } else if (table.level == 1) {
            replace(number * shadow_slots + slot, leaf_entry(value, table.view));
        }
    }
}

} // namespace hv
