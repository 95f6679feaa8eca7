#pragma once
// The store decoder against its witnesses: what libZydis says of all operands, and what the host's
// own processor does.

#include "tests/fuzz/input.h"

namespace fuzz {

/// Any bytes as an instruction, with any registers.
void check_decoded_store(Input& input);

} // namespace fuzz
