#pragma once
// What the kernel runs on.

#include "shared/profile.h"
#include "shared/statistics.h"

namespace guest {

struct Machine {
    bool lazyhv = false; ///< a lazyhv monitor is below
    abi::Profile profile = abi::Profile::bare;
    abi::Interface interface = abi::Interface::native;
    const abi::Statistics* statistics = nullptr; ///< null without a monitor
};

/// Asks the hypervisor's CPUID leaves, once.
const Machine& machine();

} // namespace guest
