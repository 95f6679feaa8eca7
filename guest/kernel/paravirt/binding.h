#pragma once
// Binds the operations to a ROM: probe, vmi_init, get_reloc for every recorded call site, patching.

#include "shared/rom_header.h"

#include <cstdint>

namespace abi {
enum class Call : std::uint16_t; // shared/call_number.h, which follows the list of calls
}

namespace guest::paravirt {

/// Looks for a ROM and binds to it. Called once, with interrupts off. Prints on the console what it
/// did. A ROM that cannot be used leaves the kernel native. If an answer of the ROM makes no sense
/// once vmi_init has succeeded, it is a panic: a kernel that is half bound is worse than a native
/// one.
void bind();

/// Whether the operations are bound to a ROM.
bool bound();

/// Returns the ROM's get_reloc answer for `call`; {0, none} without a ROM. Interrupts may be on.
abi::Relocation ask(abi::Call call);

/// The number of recorded call sites, and how many of them get_reloc would now answer otherwise
/// than when they were patched.
std::uint32_t site_count();
std::uint32_t changed_answers();

} // namespace guest::paravirt
