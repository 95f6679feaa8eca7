#pragma once
// Numbers as a hostile guest chooses them: those that mean something here, and the borders.

#include "tests/fuzz/fuzz_machine.h"

#include <cstdint>

namespace hv::fuzz {

/// The guest-physical address of a byte in one of the machine's pages.
std::uint64_t any_gpa(Input& input, FuzzMachine& machine);
/// Any number: an address in or out of RAM, a page-table entry, a descriptor, a selector, a small
/// number, a border, or all 64 bits.
std::uint64_t any_value(Input& input, FuzzMachine& machine);
/// A descriptor, or a half of one, of any type.
std::uint64_t any_descriptor(Input& input);

} // namespace hv::fuzz
