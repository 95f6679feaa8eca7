#pragma once
// The command line's `longest-exit=`: performs the steps of a case and prints how long the monitor
// ran in each (shared/longest_exit.h). ./lazyhv longest-exit draws the cases.

#include <string_view>

namespace guest::longest_exit {

/// Returns false if the monitor cannot be measured, because there is none.
bool run_case(std::string_view steps);

} // namespace guest::longest_exit
