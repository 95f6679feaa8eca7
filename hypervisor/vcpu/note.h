#pragma once
// Lines that an exit handler leaves for the console: printed at the end of the exit, since a UART
// is slow and the handler may hold a lock.

#include "hypervisor/host/console.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

template <typename... Parts>
void note(Vcpu& vcpu, const Parts&... parts) {
    console::queue(console::Text{abi::monitor_prefix, parts..., '\n'}.view());
    vcpu.pending |= pending::lines;
}

} // namespace hv
