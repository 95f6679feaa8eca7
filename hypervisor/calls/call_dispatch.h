#pragma once
// From a call number to its handler.

#include "hypervisor/calls/call_handlers.h"
#include "shared/call_table.h"
#include "shared/profile.h"

#include <array>
#include <cstdint>

namespace hv {

/// What the monitor accepts under one profile. Where nothing is accepted stands a handler that says
/// why.
struct CallDispatch {
    std::array<CallHandler, abi::call_limit> hypercall{}; ///< by VMCALL; null: no such call
    std::array<CallHandler, abi::call_limit> entry{};     ///< in a ring entry
};

/// The tables of a profile, made from shared/call_table.h: a call is accepted by VMCALL when that
/// table does not answer it in the guest, and in the ring when it answers `queued`.
const CallDispatch& call_dispatch(abi::Profile profile);

/// The name of a call as VMI spells it, or "?".
std::string_view call_name(std::uint32_t call);

} // namespace hv
