#include "hypervisor/calls/drain.h"

#include "hypervisor/calls/call_dispatch.h"
#include "hypervisor/vcpu/mirror.h"
#include "hypervisor/vcpu/resume.h"

namespace hv {

using abi::Error;

namespace {

/// What a refused entry asked for, for the guest and the console.
struct Refused {
    std::uint16_t call;
    std::uint64_t argument;
};

// Ends a batch: says where and why in the ring header, and gives the guest true shadow copies back,
// since the ROM had already written what the entries behind would have done.
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
    name_refusal(vcpu, error, call_name(refused.call), refused.argument);
    mirror_registers(vcpu);
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
        // Which of them the guest meant nobody knows: none of them runs.
        error = Error::ring_index;
        refuse_batch(vcpu, head, count, {0, tail}, error);
    }
    while (error == Error::none && index != tail) {
        // The guest, or another vCPU of its, may be writing the entry: each word is read once.
        const volatile abi::RingEntry& entry = area.entry[index & (abi::ring_capacity - 1)];
        const std::uint16_t call = entry.call;
        const std::uint64_t first = entry.argument[0];
        const std::uint64_t second = entry.argument[1];
        const std::uint64_t third = entry.argument[2];
        error = call < abi::call_limit ? handlers[call](vcpu, first, second, third)
                                       : Error::unknown_call;
        if (error != Error::none) [[unlikely]] {
            refuse_batch(vcpu, index, tail - index - 1, {call, first}, error);
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
