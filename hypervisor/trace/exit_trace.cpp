#include "hypervisor/trace/exit_trace.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/host/processor/debug_console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/spin_lock.h"
#include "shared/trace_record.h"

#include <algorithm>
#include <array>

namespace hv {

namespace {

/// What goes to the host in one piece.
struct Message {
    abi::TraceRecord record;
    std::array<std::uint8_t, abi::ring_capacity> calls;
};
static_assert(offsetof(Message, calls) == sizeof(abi::TraceRecord));

/// What one vCPU notes when an exit begins, to compare it with what is there at the end.
struct Before {
    std::array<std::uint64_t, abi::control_register_access_count> control_register;
    std::array<std::uint64_t, abi::memory_access_count> memory;
    std::uint64_t hypercall;
    std::uint64_t drained;
    std::uint32_t ring_head;
};

struct ExitTrace {
    Message message;
    Before before;
    std::uint64_t own_time;
    bool is_open; ///< an exit has begun and not ended
};

std::array<ExitTrace, abi::max_vcpus> traces;
bool is_on = false;

/// The records of two vCPUs must not be mixed.
SpinLock console_lock;

template <std::size_t count>
void copy(std::array<std::uint64_t, count>& to, const std::uint64_t (&from)[count]) {
    std::copy(std::begin(from), std::end(from), to.begin());
}

/// Bit n: counter n is not what it was.
template <std::size_t count>
std::uint16_t changed(const std::array<std::uint64_t, count>& before,
                      const std::uint64_t (&now)[count]) {
    std::uint16_t bits = 0;
    for (std::size_t index = 0; index < count; ++index)
        if (now[index] != before[index])
            bits = static_cast<std::uint16_t>(bits | 1U << index);
    return bits;
}

std::uint64_t hypercalls(const Vcpu& vcpu, std::uint64_t call) {
    return call < abi::call_limit ? vcpu.statistics.hypercall[call] : 0;
}

// The guest may have written over entries since they were executed: this is what it has there now.
void add_calls(const Vcpu& vcpu, ExitTrace& trace) {
    const std::uint64_t drained = vcpu.statistics.drained - trace.before.drained;
    const auto count =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(drained, trace.message.calls.size()));
    for (std::uint32_t index = 0; index < count; ++index) {
        const volatile abi::RingEntry& entry =
            vcpu.area->entry[(trace.before.ring_head + index) & (abi::ring_capacity - 1)];
        trace.message.calls[index] = static_cast<std::uint8_t>(entry.call);
    }
    trace.message.record.calls = static_cast<std::uint16_t>(count);
    trace.message.record.size = static_cast<std::uint16_t>(sizeof(abi::TraceRecord) + count);
}

} // namespace

void trace_exits() { is_on = true; }
bool exits_are_traced() { return is_on; }

void finish_exit_trace(Vcpu& vcpu) {
    ExitTrace& trace = traces[vcpu.number];
    if (!trace.is_open)
        return;
    abi::TraceRecord& record = trace.message.record;
    record.entry_time = cpu::read_tsc();
    record.begin_time = static_cast<std::uint32_t>(vcpu.exit_time - record.exit_time);
    record.control_registers =
        changed(trace.before.control_register, vcpu.statistics.control_register);
    record.memory = changed(trace.before.memory, vcpu.statistics.memory);
    record.counted_call = hypercalls(vcpu, record.rax) != trace.before.hypercall ? 1 : 0;
    record.own_time = trace.own_time;
    add_calls(vcpu, trace);
    {
        const SpinGuard guard{console_lock};
        cpu::write_debug_console(reinterpret_cast<const std::uint8_t*>(&trace.message),
                                 record.size);
    }
    trace.own_time += record.begin_time + cpu::read_tsc() - record.entry_time;
    trace.is_open = false;
}

} // namespace hv

extern "C" void begin_exit_trace(hv::GuestRegisters& registers) {
    using namespace hv;
    Vcpu& vcpu = vcpu_of(registers);
    const Vmcs counted = vcpu.vmcs; // with the accesses so far
    ExitTrace& trace = traces[vcpu.number];
    abi::TraceRecord& record = trace.message.record;
    record.magic = abi::trace_magic;
    record.vcpu = static_cast<std::uint8_t>(vcpu.number);
    record.exit_time = vcpu.exit_time;
    record.rip = vcpu.vmcs.read(Field::guest_rip);
    record.cr3 = guest_cr3(vcpu);
    record.qualification = vcpu.vmcs.read(Field::exit_qualification);
    record.rax = vcpu.registers.rax;
    record.ecx = static_cast<std::uint32_t>(vcpu.registers.rcx);
    record.reason = static_cast<std::uint32_t>(vcpu.vmcs.read(Field::exit_reason));
    record.interruption =
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_interruption_information));
    copy(trace.before.control_register, vcpu.statistics.control_register);
    copy(trace.before.memory, vcpu.statistics.memory);
    trace.before.hypercall = hypercalls(vcpu, record.rax);
    trace.before.drained = vcpu.statistics.drained;
    trace.before.ring_head = vcpu.ring_head;
    trace.is_open = true;
    vcpu.vmcs = counted;
}

extern "C" void end_exit_trace(hv::GuestRegisters& registers) {
    hv::finish_exit_trace(hv::vcpu_of(registers));
}
