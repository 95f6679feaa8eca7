#pragma once
// The code of a case.

#include "tests/fidelity/guest/random.h"
#include "tests/fidelity/guest/test_case.h"

namespace fidelity {

/// Adds the instructions, and with them the registers and the memory that they need. Each of the
/// three streams of random numbers is for a part that can be left out: where the code begins and
/// what precedes the instruction, the first instruction, those after it.
void add_code(Case& test_case, Random opener, Random random, Random more);

} // namespace fidelity
