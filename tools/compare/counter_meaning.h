#pragma once
// Which counters of a benchmark say that it got worse.

#include <string_view>

namespace tool {

enum class Meaning {
    cost,    ///< the higher, the worse: exits, instructions, time that processors wait
    neutral, ///< neither higher nor lower is worse: what was asked for, what is queued, levels
    copy,    ///< says what another counter says, or nothing; not compared
};

/// For a name that no version of bench has written: neutral.
Meaning meaning(std::string_view counter);

/// Whether bench leaves this counter out if it is 0, so that "not there" means 0. The others are
/// left out only by a version of bench that does not know them.
bool is_left_out_at_zero(std::string_view counter);

/// Whether it is a time, whose unit (instructions, cycles) depends on the machine.
bool is_time(std::string_view counter);

} // namespace tool
