#pragma once
// How the monitor's counters appear in result lines (docs/guests.md), for all guests that print
// such lines.

#include "shared/call_table.h"
#include "shared/statistics.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace abi {

/// Goes through the counters in the order of the line. For each it calls `count(family, name,
/// value)`, which prints "FAMILYNAME=VALUE", or for a count that has a key `keyed(family, digits,
/// key, value)`, which prints the key with that many hexadecimal digits. The values are what was
/// counted between `before` and `after`.
template <typename Count, typename Keyed>
class StatisticsText {
  public:
    StatisticsText(const Statistics& before, const Statistics& after, Count count, Keyed keyed)
        : before_{before}, after_{after}, count_{count}, keyed_{keyed} {}

    void print() {
        always("exits", &Statistics::exits);
        always("monitor_ticks", &Statistics::monitor_ticks);
        always("vmcs_accesses", &Statistics::vmcs_accesses);
        always("flushes", &Statistics::flushes);
        always("drained", &Statistics::drained);
        always("refused", &Statistics::refused);
        unless_zero("discarded", &Statistics::discarded);
        unless_zero("injected", &Statistics::injected);
        unless_zero("shadow_built", &Statistics::shadow_built);
        unless_zero("shadow_rebuilt", &Statistics::shadow_rebuilt);
        unless_zero("shadow_reclaimed", &Statistics::shadow_reclaimed);
        unless_zero("shadow_ticks", &Statistics::shadow_ticks);
        unless_zero("lock_taken", &Statistics::lock_taken);
        unless_zero("lock_waited", &Statistics::lock_waited);
        unless_zero("lock_ticks", &Statistics::lock_ticks);
        unless_zero("shootdowns", &Statistics::shootdowns);
        unless_zero("kicks_sent", &Statistics::kicks_sent);
        unless_zero("kicks_received", &Statistics::kicks_received);
        if (after_.shadow_limit != 0) { // levels
            count_("", "shadow_in_use", after_.shadow_in_use);
            count_("", "shadow_limit", after_.shadow_limit);
        }
        for (const ExitReasonName& entry : exit_reason_names)
            difference("exit.", entry.name, before_.exit, after_.exit, entry.reason);
        for (const CallInfo& info : call_table)
            difference("hypercall.", info.name, before_.hypercall, after_.hypercall, info.call);
        for (const CallInfo& info : call_table)
            difference("entry.", info.name, before_.entry, after_.entry, info.call);
        by_name("control_register.", control_register_access_names, before_.control_register,
                after_.control_register);
        by_name("memory.", memory_access_names, before_.memory, after_.memory);
        by_key("msr.", 8, before_.msr, after_.msr);
        by_key("port.", 2, before_.port, after_.port);
    }

  private:
    const Statistics& before_;
    const Statistics& after_;
    Count count_;
    Keyed keyed_;

    template <typename Member>
    void always(std::string_view name, Member member) {
        count_("", name, after_.*member - before_.*member);
    }
    void nonzero(std::string_view family, std::string_view name, std::uint64_t value) {
        if (value != 0)
            count_(family, name, value);
    }
    template <typename Member>
    void unless_zero(std::string_view name, Member member) {
        nonzero("", name, after_.*member - before_.*member);
    }
    template <typename Counts, typename Number>
    void difference(std::string_view family, std::string_view name, const Counts& before,
                    const Counts& after, Number number) {
        const auto index = static_cast<std::uint32_t>(number);
        nonzero(family, name, after[index] - before[index]);
    }
    template <typename Names, typename Counts>
    void by_name(std::string_view family, const Names& names, const Counts& before,
                 const Counts& after) {
        for (std::uint32_t index = 0; index < names.size(); ++index)
            difference(family, names[index], before, after, index);
    }
    // The last of the keyed counts has no key: it counts everything for which there was no place.
    void by_key(std::string_view family, std::uint32_t digits, const KeyedCount* before,
                const KeyedCount* after) {
        for (std::uint32_t index = 0; index < keyed_counts; ++index) {
            const std::uint64_t value = after[index].count - before[index].count;
            if (index + 1 == keyed_counts)
                nonzero(family, "other", value);
            else if (value != 0)
                keyed_(family, digits, after[index].key, value);
        }
    }
};

} // namespace abi
