#pragma once
// From a call number to its handler.

#include "hypervisor/calls/call_handlers.h"
#include "shared/call_limit.h"
#include "shared/profile.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace hv {

/// What the monitor accepts on one profile, by call number, in IA-32e mode or outside it.
struct CallDispatch {
    /// For VMCALLs. Null where the call is not accepted (unknown_call).
    std::array<CallHandler, abi::call_limit> hypercall{};
    /// For ring entries. Never null: where the call is not accepted, the handler refuses it.
    std::array<CallHandler, abi::call_limit> entry{};
};

/// The handlers of a profile. A VMCALL is accepted if shared/call_table.h has an answer for the
/// profile that reaches the monitor, or if the call is the monitor's alone; a ring entry is
/// accepted if the answer is `queued`.
const CallDispatch& call_dispatch(abi::Profile profile);
/// The same for a guest outside IA-32e mode.
const CallDispatch& legacy_call_dispatch(abi::Profile profile);

/// The name of a call as VMI spells it, or "?" for a number that is not a call.
std::string_view call_name(std::uint32_t call);

} // namespace hv
