// VMCALL: the guest asks. RAX is the call, RDI, RSI, RDX its arguments; RAX becomes the Error
// (docs/abi.md, "Hypercalls").

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/vcpu/mirror.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

using abi::Error;

/// VMCALL is 0F 01 C1. One with redundant prefixes is resumed at RIP + 3 all the same: that saves
/// reading the length at each hypercall.
constexpr std::uint64_t vmcall_length = 3;

Error execute(Vcpu& vcpu) {
    const GuestRegisters& registers = vcpu.registers;
    Error error = Error::unknown_call;
    if (current_privilege_level(vcpu) != 0) {
        error = Error::not_privileged;
    } else if (registers.rax < abi::call_limit) {
        const CallHandler handler = vcpu.calls->hypercall[registers.rax];
        if (handler != nullptr) {
            ++vcpu.statistics.hypercall[registers.rax];
            error = handler(vcpu, registers.rdi, registers.rsi, registers.rdx);
        }
    }
    // A flush repeats the error of a batch that was counted and named when it was drained.
    if (error != Error::none && registers.rax != static_cast<std::uint64_t>(abi::Call::flush))
        [[unlikely]] {
        name_refusal(vcpu, error, "VMCALL", registers.rax);
        // The ROM wrote its copy of what it asked for already.
        mirror_registers(vcpu);
    }
    return error;
}

} // namespace

void handle_vmcall(Vcpu& vcpu) {
    vcpu.registers.rax = static_cast<std::uint64_t>(execute(vcpu));
    skip_known_instruction(vcpu, vmcall_length);
}

} // namespace hv
