// Calls about the machine as a whole: Flush, Empty, VmiInit, Reboot, Shutdown.

#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/vcpu.h"

#include <utility>

namespace hv {

using abi::Error;

// Every VM exit drains the ring first (exits/dispatch.cpp), so only the result is left to be
// returned.
Error call_flush(Vcpu& vcpu, std::uint64_t, std::uint64_t, std::uint64_t) {
    return std::exchange(vcpu.drain_error, Error::none);
}

Error call_empty(Vcpu&, std::uint64_t, std::uint64_t, std::uint64_t) { return Error::none; }

Error call_vmi_init(Vcpu& vcpu, std::uint64_t, std::uint64_t, std::uint64_t) {
    mirror_registers(vcpu);
    return Error::none;
}

Error call_reboot(Vcpu& vcpu, std::uint64_t, std::uint64_t, std::uint64_t) {
    end_of_guest(vcpu, 0);
}

Error call_shutdown(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    end_of_guest(vcpu, static_cast<std::uint32_t>(first & 0x7F));
}

} // namespace hv
