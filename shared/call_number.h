#pragma once
// The numbers of the calls, as an enumeration.

#include "shared/call_limit.h"
#include "shared/call_list.h"

#include <cstdint>

namespace abi {

/// A call. The same number is used for get_reloc, in a ring entry and, in RAX, for VMCALL
/// (docs/abi.md, "Calls"). Which calls there are stands in call_list.h.
enum class Call : std::uint16_t {
#define LAZYHV_ENUMERATOR(number, enumerator, ...) enumerator = (number),
    LAZYHV_CALLS(LAZYHV_ENUMERATOR, LAZYHV_ENUMERATOR, LAZYHV_ENUMERATOR, LAZYHV_ENUMERATOR)
#undef LAZYHV_ENUMERATOR
    /// Lower numbers are those of VMI 3.0; this one and those above it are lazyhv's own.
    first_own = 96,
};

#define LAZYHV_CHECK_NUMBER(number, enumerator, ...)                                               \
    static_assert((number) + 1 < call_limit, "no room for this call: see call_limit.h");
LAZYHV_CALLS(LAZYHV_CHECK_NUMBER, LAZYHV_CHECK_NUMBER, LAZYHV_CHECK_NUMBER, LAZYHV_CHECK_NUMBER)
#undef LAZYHV_CHECK_NUMBER

} // namespace abi
