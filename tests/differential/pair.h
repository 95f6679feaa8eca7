#pragma once
// Two guests that make the same calls. One executes each call by a VMCALL of its own; the other
// goes through the ROM's code, so its calls wait in the ring until something drains it. After each
// drain there must be no difference between them.
//
// A drain is discovered, not predicted: whatever has exited, the monitor's head has moved. Then the
// first guest does what has waited, in order, up to the entry that was refused (docs/abi.md,
// "Drain").

#include "shared/error.h"
#include "tests/differential/guest.h"
#include "tests/differential/operation.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

namespace differential {

/// What has happened; summed over pairs.
struct Counts {
    std::uint64_t operations = 0;
    std::uint64_t flushes = 0;     ///< batches that were drained
    std::uint64_t entries = 0;     ///< in these
    std::uint64_t refused = 0;     ///< batches that ended at an entry
    std::uint64_t discarded = 0;   ///< entries after such an entry
    std::uint64_t left_out = 0;    ///< calls that the ROM found nothing to do for
    std::uint64_t free_loads = 0;  ///< of CR3, without an exit
    std::uint64_t pauses = 0;      ///< batches, or calls, that went on in another VM exit
    std::uint64_t accesses = 0;    ///< of the user's pages
    std::uint64_t translated = 0;  ///< of these, that were made
    std::uint64_t comparisons = 0; ///< of both guests, after each drain
    std::array<std::uint64_t, abi::call_limit> executed{};
    std::array<std::uint64_t, abi::call_limit> refused_calls{};
    std::uint64_t errors = 0; ///< bit n: Error n was the end of a batch or a call

    void add(const Counts& other);
};

class Pair {
  public:
    Pair(abi::Profile profile, std::uint32_t vcpus);

    /// Both guests carry it out. `everything`: all memory is compared afterwards, not only what
    /// calls change. False when they differ: `complaint` then says in what.
    bool run(const Sequence& sequence, bool everything);
    std::string complaint;
    Counts counts;

    std::uint64_t pauses() const { return together_.pauses; }

    /// For Generator: both guests are the same between sequences.
    Guest& guest() { return alone_; }

  private:
    /// A call with what the monitor is given, as in a ring entry; or a store.
    struct Work {
        enum class Kind : std::uint8_t {
            entry,    ///< stands in the ring
            left_out, ///< the ROM has done it, without the monitor
            store,    ///< argument: address, value
        } kind = Kind::entry;
        bool by_rom = true; ///< mirrors are written
        std::uint16_t call = 0;
        std::array<std::uint64_t, abi::max_arguments> argument{};
        Outcome outcome{}; ///< of the store, where it was done first
    };
    using Calls = std::array<std::uint64_t, abi::call_limit>;
    /// One vCPU: what the batching guest has in its ring, and what is known of it.
    struct Ring {
        std::vector<Work> waiting;
        std::uint32_t head = 0;
        std::uint32_t refusals = 0;
        std::uint32_t discarded = 0;
        std::uint32_t mode = 0;
        abi::Error pending = abi::Error::none;    ///< for the next leave
        abi::Error last_batch = abi::Error::none; ///< for the next Flush
        bool bad_tail = false;
        /// Translations that may be stale there: they are the guest's to drop.
        std::bitset<user_pages> stale;
        Calls refused_alone{};    ///< VMCALLs
        Calls refused_together{}; ///< VMCALLs
        Calls without_monitor{};  ///< that the ROM has done
    };

    abi::Profile profile_;
    std::uint32_t vcpus_;
    Guest alone_;    ///< one exit each
    Guest together_; ///< batches
    std::vector<Ring> rings_;
    bool drained_ = false;

    bool complain(const std::string& what);
    bool same(const char* what, std::uint64_t alone, std::uint64_t together);
    bool same(const Outcome& alone, const Outcome& together);

    // Operations (operations.cpp).
    bool step(const Operation& operation);
    bool do_call(const Operation& operation);
    bool do_raw_entry(const Operation& operation);
    bool do_bad_tail(const Operation& operation);
    bool do_lazy_mode(std::uint32_t number, std::uint64_t mode);
    bool do_flush(std::uint32_t number);
    bool do_instruction(const Operation& operation);
    bool do_store(const Operation& operation);
    bool do_access(const Operation& operation);
    bool flush_before_store(std::uint32_t storing, std::uint64_t gpa);
    bool has_entries(std::uint32_t number) const;
    Work as_entry(const Operation& operation) const;
    void drop_page(std::uint32_t number, std::uint64_t linear);
    void drop_all(std::uint32_t number);

    // What was drained by them (batches.cpp).
    /// Has both guests do it, the batching one first: what waits there comes before it.
    template <typename Execute>
    bool on_both(std::uint32_t number, Execute execute) {
        together_.select();
        together_.run_on(number);
        const Outcome together = execute(together_);
        if (!catch_up(number) || !do_waiting_stores(number))
            return false;
        alone_.select();
        alone_.run_on(number);
        const Outcome alone = execute(alone_);
        end_late_exits_alone();
        return same(alone, together) && end_late_exits();
    }
    bool catch_up(std::uint32_t number);
    bool catch_up_with(std::uint32_t number, std::uint32_t executed, abi::Error refused);
    bool do_waiting_stores(std::uint32_t except);
    bool end_late_exits();
    void end_late_exits_alone();
    abi::Error do_alone(std::uint32_t number, const Work& work);
    bool do_store_alone(std::uint32_t number, const Work& work);
    void write_copies(const Work& work);
    void note_update(std::uint32_t number, const Work& work);
    void note_effects(std::uint32_t number, const Work& work);
    void make_stale(std::uint32_t number, bool here);

    // Comparison (comparison.cpp).
    bool compare(bool everything);
    bool compare_registers(std::uint32_t number);
    bool compare_copies(std::uint32_t number);
    bool compare_words(const char* what, std::uint64_t gpa, std::uint32_t count);
    bool compare_tables(std::uint32_t number);
    bool compare_frames();
    bool compare_memory();
    bool compare_statistics(std::uint32_t number);
};

} // namespace differential
