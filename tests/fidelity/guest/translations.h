#pragma once
// Accesses through random page tables (tests/fidelity/translation_case.h).

#include "tests/fidelity/guest/options.h"

namespace fidelity {

/// Makes the accesses that the options number, and prints "translation NUMBER done" or
/// "translation NUMBER VECTOR ERROR" for each. The processor must have SMEP and SMAP.
void run_translations(const Options& options);

} // namespace fidelity
