#pragma once
// The monitor's side of each call: call_set_cr0 for SetCR0, and so on.

#include "shared/call_list.h"
#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Executes a call. The arguments are RDI, RSI and RDX of a VMCALL, or those of a ring entry, and
/// were read once. A handler judges all of them before it changes anything. It returns why it
/// refused, Error::none, or `paused` (vcpu/pause.h).
using CallFunction = abi::Error(Vcpu& vcpu, std::uint64_t first, std::uint64_t second,
                                std::uint64_t third);
using CallHandler = CallFunction*;

// Every handler that the list of calls names. Each is defined in the file of its family:
// control_register_calls.cpp, descriptor_calls.cpp, page_table_calls.cpp, processor_calls.cpp,
// machine_calls.cpp.
#define LAZYHV_NO_HANDLER(...)
#define LAZYHV_MONITOR(number, enumerator, name, handler, ...) CallFunction call_##handler;
#define LAZYHV_BOTH(number, enumerator, name, hardened, classic, modern, handler, ...)             \
    CallFunction call_##handler;
LAZYHV_CALLS(LAZYHV_NO_HANDLER, LAZYHV_NO_HANDLER, LAZYHV_MONITOR, LAZYHV_BOTH)
#undef LAZYHV_NO_HANDLER
#undef LAZYHV_MONITOR
#undef LAZYHV_BOTH

} // namespace hv
