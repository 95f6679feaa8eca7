#pragma once
// The rules that VM entry checks, by name.

#include "hypervisor/entry_check/entry_rule_list.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hv {

enum class EntryRule : std::uint8_t {
#define LAZYHV_RULE(name, section, requirement) name,
    LAZYHV_ENTRY_RULES(LAZYHV_RULE)
#undef LAZYHV_RULE
};

struct EntryRuleText {
    EntryRule rule;
    std::string_view name;
    std::string_view section;     ///< of SDM vol. 3, as "27.2.1.1"
    std::string_view requirement; ///< of the field that a violation names, in words
};

/// Indexed by rule.
inline constexpr auto entry_rules = std::to_array<EntryRuleText>({
#define LAZYHV_RULE(name, section, requirement) {EntryRule::name, #name, section, requirement},
    LAZYHV_ENTRY_RULES(LAZYHV_RULE)
#undef LAZYHV_RULE
});
inline constexpr std::size_t entry_rule_count = entry_rules.size();

constexpr const EntryRuleText& text(EntryRule rule) {
    return entry_rules[static_cast<std::size_t>(rule)];
}

} // namespace hv
