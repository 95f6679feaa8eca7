// The entries for 64-bit kernels, by the number of the call.

#include "shared/call_list.h"
#include "vmi_rom/entries.h"

namespace rom {

// A switch and not a table of pointers: a pointer in the image would be an absolute address, and
// the ROM runs wherever it is mapped.
const void* entry_of(abi::Call call) {
    // NOLINTBEGIN(bugprone-branch-clone): two calls may have the same entry.
    switch (call) {
#define LAZYHV_NO_ENTRY(...)
#define LAZYHV_ROM(number, enumerator, name, hardened, classic, modern, entry, ...)                \
    case abi::Call::enumerator:                                                                    \
        return code(entry);
#define LAZYHV_BOTH(number, enumerator, name, hardened, classic, modern, handler, entry, ...)      \
    case abi::Call::enumerator:                                                                    \
        return code(entry);
        LAZYHV_CALLS(LAZYHV_NO_ENTRY, LAZYHV_ROM, LAZYHV_NO_ENTRY, LAZYHV_BOTH)
#undef LAZYHV_NO_ENTRY
#undef LAZYHV_ROM
#undef LAZYHV_BOTH
    default:
        return nullptr;
    }
    // NOLINTEND(bugprone-branch-clone)
}

} // namespace rom
