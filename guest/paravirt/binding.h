#pragma once
// Binds the operations to a ROM: probe, vmi_init, get_reloc for every recorded call site, patching.

#include "shared/rom_header.h"

#include <cstdint>

namespace abi {
enum class Call : std::uint16_t; // shared/call_number.h, which follows the list of calls
}

namespace guest::paravirt {

/// Looks for a ROM and binds to it. Called once, with interrupts off. Says what it did on the
/// console; a ROM that cannot be used, or that answers nonsense, is a panic only if it already
/// started (half bound is worse than native).
void bind();

/// True once bound to a ROM.
bool bound();

/// What the ROM answers for `call`; {0, none} without a ROM. May be called with interrupts enabled.
abi::Relocation ask(abi::Call call);

/// The number of recorded call sites, and how many of them get_reloc would now answer otherwise
/// than when they were patched.
std::uint32_t site_count();
std::uint32_t changed_answers();

} // namespace guest::paravirt
