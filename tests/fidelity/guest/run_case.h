#pragma once
// Runs a case, and says what can be seen after it.

#include "tests/fidelity/guest/test_case.h"
#include "tests/fidelity/guest/text.h"

namespace fidelity {

/// Sets up what all cases share. Must be called once.
void initialise_cases();
/// Says what the case is: its instructions, its state.
void describe_case(Report& report, const Case& test_case);
/// Runs it.
void run_case(const Case& test_case);
/// Says what the case that was run did, and puts the machine into the state before it. Must be
/// called after run_case.
void describe_outcome(Report& report, const Case& test_case);

} // namespace fidelity
