#pragma once
// Runs a case, and says what can be seen after it.

#include "tests/fidelity/guest/test_case.h"
#include "tests/fidelity/guest/text.h"

namespace fidelity {

/// Sets up what all cases share. Must be called once.
void initialise_cases();
/// Says what the case is: its instructions, its state.
void describe_case(Report& report, const Case& test_case);
/// Runs it, and says what it did. Leaves the machine as it was.
void run_case(Report& report, const Case& test_case);

} // namespace fidelity
