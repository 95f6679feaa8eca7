#pragma once
// The ledger of stale translations. It records which rights and pages have been taken away while a
// processor may still have them cached, and what has to be dropped before the guest runs (what is
// "owed"). Whoever takes something away tells the ledger, with the page-table lock held, on behalf
// of the vCPU that acts. It is asked in one place, account_for_stale()
// (address_space/translations.h), at the latest when the lock is released.
//
// The rules (SDM vol. 3, 4.10.4 and 4.10.5 for page tables, 29.4.3 for EPT):
//
// 1. Rights that are only added need no invalidation: an access that still finds the old ones
//    faults, and the fault drops them (4.10.4.3).
// 2. The guest has changed an entry of its own page tables, by a call or by a store that was
//    trapped. The acting vCPU drops its translations before it runs the guest. On other vCPUs the
//    guest has to invalidate them, as on a bare processor (4.10.5).
// 3. The same change, but by a call with `defer`, an INVLPG, or a fault that brings a page table in
//    step: on the acting vCPU, too, it is left to the guest to invalidate the rest (4.10.4.4).
// 4. The monitor has taken something away: a shadow table is given up, or a page is
// write-protected,
//    by shadow tables or by EPT. Every vCPU must drop its translations before the memory is used
//    for something else, and before the monitor relies on what the page holds.
// 5. Under shadow paging a translation that rules 2 and 3 leave to the guest may allow stores to a
//    page to which no shadow entry leads any longer. While any vCPU has such a translation left,
//    rule 4 applies to every page that becomes write-protected, even if nothing maps it. While a
//    vCPU has one left, the word `stale_translations` in its per-vCPU area is 1, so that the ROM
//    passes invalidations on.

#include <cstdint>
#include <utility>

namespace hv {

struct VirtualMachine;

/// Which cached translations are stale; a greater value includes the lesser ones.
enum class Stale : std::uint8_t { none, non_global, all };

class StaleTranslations {
  public:
    /// Has every vCPU but the acting one drop its translations, and waits until it has.
    using DropElsewhere = void (*)(VirtualMachine& machine);

    constexpr StaleTranslations() = default;
    StaleTranslations(VirtualMachine& machine, DropElsewhere drop_elsewhere)
        : machine_{&machine}, drop_elsewhere_{drop_elsewhere} {}

    // What was taken away; called by the holder of the page-table lock.

    /// Rules 2 and 3: the guest's own change.
    void taken_by_guest(Stale what) {
        if (stale_ < what)
            stale_ = what;
    }
    /// Rule 4.
    void taken_by_monitor() {
        owed_ = true;
        owed_elsewhere_ = true;
    }

    // What is owed.

    struct Owed {
        Stale by_guest;  ///< rule 2
        bool by_monitor; ///< rule 4: all translations
    };
    /// What the acting vCPU has to drop before it runs the guest. From now on the caller has to see
    /// to that, and to note what other vCPUs have left.
    Owed take() { return {std::exchange(stale_, Stale::none), std::exchange(owed_, false)}; }
    /// Rule 3: what take() would return as `by_guest` is left to the guest, and returned here.
    Stale leave() { return std::exchange(stale_, Stale::none); }
    /// Rule 4: returns when no other vCPU can still use what the monitor has taken away.
    void wait_for_others() {
        if (std::exchange(owed_elsewhere_, false) && drop_elsewhere_ != nullptr)
            drop_elsewhere_(*machine_);
    }
    /// Whether the acting vCPU owes nothing.
    bool is_settled() const { return stale_ == Stale::none && !owed_; }

    // What is left to the guest (rule 5). Bit n stands for vCPU n.

    /// Notes that the vCPUs in `mask` may use stale translations until they drop them. Returns
    /// those of them that had none left before.
    std::uint64_t note_left(std::uint64_t mask, Stale what);
    /// Whether a vCPU has anything left to drop.
    bool has_left(std::uint32_t vcpu) const { return (left() >> vcpu & 1) != 0; }
    bool is_any_left() const { return left() != 0; }
    /// Notes that a vCPU is about to drop these translations. Returns whether it then has none
    /// left.
    bool clear_left(std::uint32_t vcpu, Stale what);

  private:
    VirtualMachine* machine_ = nullptr;
    DropElsewhere drop_elsewhere_ = nullptr;
    Stale stale_ = Stale::none;
    bool owed_ = false;
    bool owed_elsewhere_ = false;
    // Changed atomically: a vCPU clears its own bits without the lock.
    std::uint64_t left_non_global_ = 0;
    std::uint64_t left_global_ = 0;

    std::uint64_t left() const {
        return __atomic_load_n(&left_non_global_, __ATOMIC_RELAXED) |
               __atomic_load_n(&left_global_, __ATOMIC_RELAXED);
    }
};

} // namespace hv
