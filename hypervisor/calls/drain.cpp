#include "hypervisor/calls/drain.h"

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/x86/control_register.h"
#include "shared/call_number.h"
#include "shared/exit_reason.h"

namespace hv {

using abi::Error;

namespace {

/// What a refused entry asked for, as the guest and the console are told.
struct Refused {
    std::uint16_t call;
    std::string_view name;
    std::uint64_t argument;
};

// If the VM exit is a VMCALL, its call is executed after the batch, and the ROM has written the
// mirror for it already: this writes that mirror again. If the call is refused, handle_vmcall makes
// all mirrors agree with the registers.
void keep_mirror_of_hypercall(Vcpu& vcpu) {
    if (vcpu.vmcs.read(Field::exit_reason) != static_cast<std::uint64_t>(abi::ExitReason::vmcall))
        return;
    volatile abi::ControlPage& page = vcpu.area->control;
    const std::uint64_t argument = vcpu.registers.rdi;
    switch (static_cast<abi::Call>(vcpu.registers.rax)) {
    case abi::Call::set_cr0:
        page.cr0 = argument;
        break;
    case abi::Call::clts:
        page.cr0 = page.cr0 & ~cr0::task_switched;
        break;
    case abi::Call::set_cr3:
        page.cr3 = argument;
        break;
    case abi::Call::set_ldt:
        page.ldt_selector = static_cast<std::uint16_t>(argument);
        break;
    default:
        break;
    }
}

// Ends a batch. The ring header tells the guest where and why, and the mirrors are made to agree
// with the registers: the ROM had already written into them what the entries that follow would have
// done.
[[gnu::cold, gnu::noinline]] void refuse_batch(Vcpu& vcpu, std::uint32_t index,
                                               std::uint32_t discarded, const Refused& refused,
                                               Error error) {
    volatile abi::RingHeader& ring = vcpu.area->control.ring;
    ring.refused_index = index;
    ring.refused_error = static_cast<std::uint16_t>(error);
    ring.refused_call = refused.call;
    ring.refusals = ring.refusals + 1;
    ring.discarded = ring.discarded + discarded;
    ring.pending_error = static_cast<std::uint32_t>(error);
    vcpu.statistics.discarded += discarded;
    name_refusal(vcpu, error, refused.name, refused.argument);
    mirror_registers(vcpu);
    keep_mirror_of_hypercall(vcpu);
}

// Ends the drain before the entry `index`: it and those after it are executed in a later VM exit.
[[gnu::cold, gnu::noinline]] Error pause_batch(Vcpu& vcpu, std::uint32_t head,
                                               std::uint32_t index) {
    vcpu.drain_error = Error::none;
    vcpu.statistics.drained += index - head;
    vcpu.ring_head = index;
    *const_cast<volatile std::uint32_t*>(&vcpu.area->control.ring.head) = index;
    return paused;
}

} // namespace

Error drain(Vcpu& vcpu, std::uint32_t tail) {
    abi::VcpuArea& area = *vcpu.area;
    const CallHandler* const handlers = vcpu.calls->entry.data();
    const std::uint32_t head = vcpu.ring_head;
    const std::uint32_t count = tail - head;
    Error error = Error::none;
    std::uint32_t index = head;
    ++vcpu.statistics.flushes;
    if (count > abi::ring_capacity) {
        // Nobody can tell which entries the guest meant, so none of them is executed.
        error = Error::ring_index;
        refuse_batch(vcpu, head, count, {0, "ring tail", tail}, error);
    }
    while (error == Error::none && index != tail) {
        // The guest may be writing the entry, on this vCPU or another: each word is read once.
        const volatile abi::RingEntry& entry = area.entry[index & (abi::ring_capacity - 1)];
        const std::uint16_t call = entry.call;
        const std::uint64_t first = entry.argument[0];
        const std::uint64_t second = entry.argument[1];
        const std::uint64_t third = entry.argument[2];
        error = call < abi::call_limit ? handlers[call](vcpu, first, second, third)
                                       : Error::unknown_call;
        if (error != Error::none) [[unlikely]] {
            if (error == paused)
                return pause_batch(vcpu, head, index);
            refuse_batch(vcpu, index, tail - index - 1, {call, call_name(call), first}, error);
        } else {
            ++vcpu.statistics.entry[call];
            ++index;
        }
    }
    vcpu.drain_error = error;
    vcpu.statistics.drained += index - head;
    vcpu.ring_head = tail;
    *const_cast<volatile std::uint32_t*>(&area.control.ring.head) = tail;
    return error;
}

} // namespace hv
