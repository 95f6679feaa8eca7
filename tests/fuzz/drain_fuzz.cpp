// The whole per-vCPU area as a guest may leave it, and the drain that follows.

#include "hypervisor/calls/drain.h"
#include "hypervisor/exits/settle.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/guest_actions.h"
#include "tests/fuzz/guest_values.h"
#include "tests/fuzz/machine_checks.h"

#include <cstring>

namespace hv::fuzz {
namespace {

using ::fuzz::require;

/// Entries that the guest says it has queued: a few, around what a ring holds, or any number.
std::uint32_t any_count(Input& input) {
    switch (input.below(8)) {
    case 0:
        return input.take<std::uint32_t>();
    case 1:
        return abi::ring_capacity - 16 + input.below(32);
    default:
        return input.below(24);
    }
}

/// Everything the guest can write, from the input's bytes: the control page as they are, the
/// entries so that calls and arguments mean something, or as they are.
void write_area(Input& input, FuzzMachine& machine) {
    abi::VcpuArea& area = machine.machine().area();
    const bool raw = input.flag();
    const std::uint32_t begin = input.flag() ? 0 : 0xFFFFFFFE;
    area.control.ring.head = machine.vcpu().ring_head = begin;
    area.control.ring.tail = begin + any_count(input);
    if (input.flag()) {
        const auto bytes = input.take_bytes(64);
        std::memcpy(reinterpret_cast<std::uint8_t*>(&area.control) +
                        std::size_t{input.byte()} * 16 + 4,
                    bytes.data(), bytes.size());
    }
    for (std::uint32_t entry = 0; entry < abi::ring_capacity && !input.empty(); ++entry) {
        abi::RingEntry& slot = area.entry[(begin + entry) % abi::ring_capacity];
        if (raw) {
            const auto bytes = input.take_bytes(sizeof(slot));
            std::memcpy(&slot, bytes.data(), bytes.size());
            continue;
        }
        slot.call = static_cast<std::uint16_t>(input.below(abi::call_limit + 1));
        for (std::uint64_t& argument : slot.argument)
            argument = any_value(input, machine);
    }
}

/// Each entry was executed, or refused, or followed a refused one.
void check_numbers(const abi::Statistics& before, const Vcpu& vcpu, std::uint32_t count,
                   abi::Error error) {
    const abi::Statistics& after = vcpu.statistics;
    const std::uint64_t drained = after.drained - before.drained;
    const std::uint64_t discarded = after.discarded - before.discarded;
    const bool refused_one = error != abi::Error::none && error != abi::Error::ring_index;
    require(drained + discarded + (refused_one ? 1 : 0) == count, "every entry is accounted for");
    require(count <= abi::ring_capacity || drained == 0, "of too many entries none runs");
    require(after.refused - before.refused == (error == abi::Error::none ? 0 : 1),
            "a refused batch is counted once");
    const abi::RingHeader& ring = vcpu.area->control.ring;
    require(error == abi::Error::none || ring.pending_error == static_cast<std::uint32_t>(error),
            "the guest is told of the refusal");
}

void run(Input input) {
    FuzzMachine& machine = FuzzMachine::fresh(configurations[input.below(configurations.size())]);
    Vcpu& vcpu = machine.vcpu();
    write_area(input, machine);
    const std::uint32_t tail = vcpu.area->control.ring.tail;
    const std::uint32_t count = tail - vcpu.ring_head;
    const abi::Statistics before = vcpu.statistics;
    abi::Error error = abi::Error::none;
    machine.run([&] {
        error = drain_if_queued(vcpu);
        settle(vcpu);
    });
    require(!machine.ended(), "nothing in a ring ends the run");
    require(static_cast<std::uint32_t>(error) < abi::error_count, "a refusal has a name");
    require(vcpu.ring_head == tail, "the ring is empty");
    require(count == 0 || vcpu.area->control.ring.head == tail, "and the guest sees that it is");
    check_numbers(before, vcpu, count, error);
    check_entry(machine);
    check_machine(machine);
}

} // namespace
} // namespace hv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hv::fuzz::run(hv::fuzz::Input{{data, size}});
    return 0;
}
