#pragma once
// Calls of the monitor with arguments that it mostly accepts. Which calls there are is read from
// the list (shared/call_table.h), so a new call is tried as well: with any arguments, until there
// is a row for it in argument_rows (call_source.cpp).

#include "guest/longest_exit/objects.h"
#include "guest/longest_exit/random.h"
#include "shared/call_table.h"
#include "shared/ring.h"

#include <cstdint>

namespace guest::longest_exit {

/// One VMCALL or ring entry.
struct DrawnCall {
    abi::Call call;
    std::uint64_t argument[abi::max_arguments];
};

/// The call that `choice` stands for: any that the monitor has a handler for and that returns. With
/// `queued`, one that the ring takes, if there is one.
const abi::CallInfo& choose_call(std::uint32_t choice, bool queued);

/// How the arguments of calls in a row differ. It is drawn once for all of them, so that they walk
/// through the entries or page tables of a case.
class CallPattern {
  public:
    CallPattern(Random& random, std::uint32_t level, std::uint32_t first);

    /// Number `index` of the calls in a row.
    DrawnCall draw(abi::Call call, std::uint32_t index);

    [[nodiscard]] Content content() const { return filling_.content; }

  private:
    friend struct Arguments;

    Random& random_;
    Filling filling_;
    std::uint32_t table_;
    std::uint32_t slot_;
    bool across_; ///< the same slot of many tables, instead of all slots of one
    bool back_;   ///< every other call writes `other_`
    bool defers_; ///< stale translations are left to the guest
    bool clones_; ///< AllocatePage copies a page table
    bool hot_;    ///< AllocatePage and ReleasePage are about hot pages
    Content other_;

    std::uint64_t table_page(std::uint32_t index) const;
    std::uint64_t entry(std::uint32_t index) const;
    std::uint64_t value(std::uint32_t index) const;
    std::uint64_t frame(std::uint32_t index) const;
    std::uint64_t anything();
};

} // namespace guest::longest_exit
