// SetCR0, SetCR3, SetCR4, CLTS.

#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

using abi::Error;

Error call_set_cr0(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    return set_guest_cr0(vcpu, first);
}

Error call_set_cr3(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    return set_guest_cr3(vcpu, first);
}

Error call_set_cr4(Vcpu& vcpu, std::uint64_t first, std::uint64_t, std::uint64_t) {
    const Error error = set_guest_cr4(vcpu, first);
    if (error == Error::none)
        vcpu.area->control.cr4 = first;
    return error;
}

Error call_clts(Vcpu& vcpu, std::uint64_t, std::uint64_t, std::uint64_t) {
    clear_task_switched(vcpu);
    return Error::none;
}

} // namespace hv
