// VMCALL: the guest asks. RAX is the call, RDI, RSI, RDX its arguments; RAX becomes the Error
// (docs/abi.md, "Hypercalls").

#include "hypervisor/calls/vmcall.h"

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "shared/call_number.h"

namespace hv {

namespace {

using abi::Error;

/// VMCALL is 0F 01 C1. One with redundant prefixes is resumed at RIP + 3 all the same: that saves
/// reading the length at each hypercall.
constexpr std::uint64_t vmcall_length = 3;

[[gnu::cold, gnu::noinline]] void refuse(Vcpu& vcpu, Error error) {
    const GuestRegisters& registers = vcpu.registers;
    // A flush repeats the error of a batch that was counted and named when it was drained.
    if (registers.rax == static_cast<std::uint64_t>(abi::Call::flush) &&
        error != Error::not_privileged)
        return;
    if (error == Error::unknown_call || error == Error::not_privileged)
        name_refusal(vcpu, error, "VMCALL", registers.rax);
    else
        name_refusal(vcpu, error, call_name(static_cast<std::uint32_t>(registers.rax)),
                     registers.rdi);
    // The ROM wrote its copy of what it asked for already.
    mirror_registers(vcpu);
}

Error execute(Vcpu& vcpu) {
    const GuestRegisters& registers = vcpu.registers;
    if (current_privilege_level(vcpu) != 0)
        return Error::not_privileged;
    if (registers.rax >= abi::call_limit)
        return Error::unknown_call;
    const CallHandler handler = vcpu.calls->hypercall[registers.rax];
    if (handler == nullptr)
        return Error::unknown_call;
    ++vcpu.statistics.hypercall[registers.rax];
    return handler(vcpu, registers.rdi, registers.rsi, registers.rdx);
}

// As if it had not been called: it will be.
[[gnu::cold, gnu::noinline]] void call_again_later(Vcpu& vcpu) {
    --vcpu.statistics.hypercall[vcpu.registers.rax];
}

} // namespace

// Flat: one call less in the shortest of all exits.
[[gnu::flatten]] void handle_vmcall(Vcpu& vcpu) {
    const Error error = execute(vcpu);
    if (error != Error::none) [[unlikely]] {
        if (error == paused)
            return call_again_later(vcpu);
        refuse(vcpu, error);
    }
    vcpu.registers.rax = static_cast<std::uint64_t>(error);
    skip_known_instruction(vcpu, vmcall_length);
}

} // namespace hv
