#pragma once
// What the monitor says of itself (docs/abi.md, "Finding the monitor").

#include "shared/call_table.h"
#include "shared/cpuid_leaves.h"
#include "shared/statistics.h"

namespace guest::i386 {

struct Monitor {
    abi::Profile profile;
    abi::Interface interface;
    std::uint32_t statistics; ///< physical address
};

inline Monitor ask_monitor() {
    std::uint32_t leaf = abi::cpuid_lazyhv_leaf;
    std::uint32_t profile = 0;
    std::uint32_t interface = 0;
    std::uint32_t statistics = 0;
    asm volatile("cpuid" : "+a"(leaf), "=b"(profile), "=c"(interface), "=d"(statistics));
    return {static_cast<abi::Profile>(profile), static_cast<abi::Interface>(interface), statistics};
}

/// Whether the call goes into the ring while a lazy mode is set.
inline bool is_queued(abi::Call call) {
    const Monitor monitor = ask_monitor();
    return monitor.interface == abi::Interface::lazy &&
           abi::answer_32(static_cast<std::uint32_t>(call), monitor.profile, monitor.interface) ==
               abi::Answer::queued;
}

} // namespace guest::i386
