#pragma once
// Runs a case, and says what can be seen after it.

#include "tests/fidelity/guest/test_case.h"
#include "tests/fidelity/guest/text.h"

namespace fidelity {

/// Sets up what all cases share. Must be called once.
void initialise_cases();
/// Says what the case is: its instructions, its state.
void describe_case(Report& report, const Case& test_case);
/// Loads what a case begins with and what does not disturb the kernel: MSRs, x87 and vector
/// registers, CR2, interrupts that wait.
void prepare_registers(const Case& test_case);
void load_breakpoint_addresses(const Case& test_case);
void stop_timer();
/// MSRs, XCR0, x87 and vector registers; the kernel's own become what they were.
void describe_state_of_processor(Report& report);
/// Runs it.
void run_case(const Case& test_case);
/// Says what the case that was run did, and puts the machine into the state before it. Must be
/// called after run_case.
void describe_outcome(Report& report, const Case& test_case);

} // namespace fidelity
