#pragma once
// The ROM's entry points for 64-bit kernels: one for each call that get_reloc answers with CALL_REL
// or JUMP_REL. System V convention: arguments in RDI, RSI, RDX, RCX, R8, result in RAX.
// shared/call_list.h says what the arguments of each are and when it does what; the errors are
// those of docs/abi.md.

#include "shared/call_list.h"
#include "shared/call_number.h"
#include "shared/processors.h"
#include "shared/vcpu_area.h"
#include "vmi_rom/producer.h"

#include <cstdint>
#include <type_traits>

// Hidden symbols are addressed relative to RIP, without a table of addresses.
#pragma GCC visibility push(hidden)

namespace rom {

/// An argument of an entry that is not a pointer.
using Argument = Word;

// Every entry that the list of calls names. Each is defined in the file of its family, entries.cpp,
// page_tables.cpp, roots.cpp or producer.cpp, and what is particular to it stands there.
#define LAZYHV_NO_ENTRY(...)
#define LAZYHV_ROM(number, enumerator, name, hardened, classic, modern, entry, type, ...)          \
    std::type_identity_t<type> entry;
#define LAZYHV_BOTH(number, enumerator, name, hardened, classic, modern, handler, entry, type,     \
                    ...)                                                                           \
    std::type_identity_t<type> entry;
LAZYHV_CALLS(LAZYHV_NO_ENTRY, LAZYHV_ROM, LAZYHV_NO_ENTRY, LAZYHV_BOTH)
#undef LAZYHV_NO_ENTRY
#undef LAZYHV_ROM
#undef LAZYHV_BOTH

/// Announces the kernel to the monitor; called once, before any other entry.
Result vmi_init();

/// How to patch a site of `call`: an abi::Relocation, encoded. Re-entrant. NONE for any number that
/// is not a call, and for a call that this profile and interface leave native.
std::uint64_t get_reloc(std::uint32_t call);

/// The entry of a call, or null when it has none. In the code for 32-bit kernels an address is an
/// offset from the start of the ROM (i386/i386.ld).
const void* entry_of(abi::Call call);
template <class Function>
const void* code(Function* function) {
    return reinterpret_cast<const void*>(function);
}

} // namespace rom

#pragma GCC visibility pop
