#pragma once
// What SetInitialAPState has said of a vCPU that waits, and MSRs that each vCPU has for itself.

#include "shared/processors.h"

#include <boost/container/flat_map.hpp>
#include <boost/container/static_vector.hpp>

#include <cstdint>

namespace hv {

/// MSRs whose guest-written values are kept by the monitor and never reach the processor.
using ShadowMsrs = boost::container::flat_map<
    std::uint32_t, std::uint64_t, std::less<>,
    boost::container::static_vector<std::pair<std::uint32_t, std::uint64_t>, 64>>;

/// With VirtualMachine::start_lock held: another vCPU gives it, the vCPU itself takes it.
struct StartOrder {
    bool given = false;
    abi::InitialState state{};
};

} // namespace hv
