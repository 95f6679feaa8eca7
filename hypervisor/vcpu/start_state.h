#pragma once
// The state that SetInitialAPState has given for a vCPU that waits, and the MSRs whose values the
// monitor keeps for each vCPU.

#include "shared/processors.h"

#include <boost/container/flat_map.hpp>
#include <boost/container/static_vector.hpp>

#include <cstdint>

namespace hv {

/// MSRs whose values, as written by the guest, are kept by the monitor and never reach the
/// processor.
using KeptMsrs = boost::container::flat_map<
    std::uint32_t, std::uint64_t, std::less<>,
    boost::container::static_vector<std::pair<std::uint32_t, std::uint64_t>, 64>>;

/// Given by another vCPU and taken by the vCPU itself, both with VirtualMachine::start_lock held.
struct StartOrder {
    bool given = false;
    abi::InitialState state{};
};

} // namespace hv
