#pragma once
// Long operations stop when a VM exit has taken long enough (docs/monitor.md, "How long a VM exit
// can take").

#include "shared/error.h"

namespace hv {

/// What an operation returns that has changed nothing that the guest could notice, and is to be
/// called again in a later VM exit. Part of its work may have been done already: shadow tables that
/// stand in its way have been given up. It is not an Error of the ABI: the guest never sees it.
inline constexpr auto paused = static_cast<abi::Error>(0xFFFF);

static_assert(static_cast<std::uint32_t>(paused) >= abi::error_count);

} // namespace hv
