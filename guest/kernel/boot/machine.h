#pragma once
// What the kernel runs on.

#include "shared/profile.h"
#include "shared/statistics.h"

namespace guest {

struct Machine {
    bool lazyhv = false; ///< the kernel runs on a lazyhv monitor
    abi::Profile profile = abi::Profile::bare;
    abi::Interface interface = abi::Interface::native;
    const abi::Statistics* statistics = nullptr; ///< null without a monitor
};

/// Returns what the hypervisor's CPUID leaves say. They are read once.
const Machine& machine();

} // namespace guest
