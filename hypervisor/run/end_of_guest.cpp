#include "hypervisor/run/end_of_guest.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/trace/exit_trace.h"
#include "hypervisor/vcpu/vcpu.h"
#include "shared/call_table.h"
#include "shared/exit_reason.h"

#include <boost/container/static_vector.hpp>

#include <algorithm>
#include <string_view>

namespace hv {

using console::Hex;
using console::say;

namespace {

/// The sum over all vCPUs. Other vCPUs may still run: their numbers are those of the moment at
/// which they are read.
template <typename Number>
std::uint64_t sum(const VirtualMachine& machine, Number number) {
    std::uint64_t total = 0;
    for (std::uint32_t vcpu = 0; vcpu < machine.vcpu_count; ++vcpu)
        total += number(machine.vcpus[vcpu]->statistics);
    return total;
}

using KeyedCounts = abi::KeyedCount[abi::keyed_counts];

// Calls say_key(key, count) for each key with the sum of all vCPUs' counts.
template <typename Table, typename SayKey>
void for_each_key(const VirtualMachine& machine, Table table, SayKey say_key) {
    boost::container::static_vector<std::uint32_t, std::size_t{abi::keyed_counts} * abi::max_vcpus>
        seen;
    for (std::uint32_t vcpu = 0; vcpu < machine.vcpu_count; ++vcpu) {
        for (const abi::KeyedCount& slot : table(machine.vcpus[vcpu]->statistics)) {
            const std::uint32_t key = slot.key;
            if (slot.count == 0 || std::find(seen.begin(), seen.end(), key) != seen.end())
                continue;
            seen.push_back(key);
            say_key(key, sum(machine, [&](const abi::Statistics& its) {
                        std::uint64_t count = 0;
                        for (const abi::KeyedCount& other : table(its))
                            count += other.key == key ? other.count : 0;
                        return count;
                    }));
        }
    }
}

template <typename Table>
void print_keys(const VirtualMachine& machine, std::string_view what, Table table) {
    for_each_key(machine, table, [what](std::uint32_t key, std::uint64_t count) {
        if (key == ~std::uint32_t{0})
            say("    others ", count);
        else
            say("    ", what, ' ', Hex{key}, ' ', count);
    });
}

// Each call by name: how often it was a VMCALL, and how often an entry of the ring.
void print_calls(const VirtualMachine& machine) {
    for (const abi::CallInfo& info : abi::call_table) {
        const auto call = static_cast<std::uint32_t>(info.call);
        const std::uint64_t hypercalls =
            sum(machine, [call](const abi::Statistics& its) { return its.hypercall[call]; });
        const std::uint64_t entries =
            sum(machine, [call](const abi::Statistics& its) { return its.entry[call]; });
        if (hypercalls != 0)
            say("    VMCALL ", info.name, ' ', hypercalls);
        if (entries != 0)
            say("    drained ", info.name, ' ', entries);
    }
}

} // namespace

void print_summary(const VirtualMachine& machine) {
    using Statistics = abi::Statistics;
    if (machine.vcpu_count > 1)
        say(machine.vcpu_count, " vCPUs together:");
    say(sum(machine, [](const Statistics& its) { return its.exits; }), " VM exits, ",
        sum(machine, [](const Statistics& its) { return its.drained; }), " entries drained in ",
        sum(machine, [](const Statistics& its) { return its.flushes; }), " flushes, ",
        sum(machine, [](const Statistics& its) { return its.refused; }), " requests refused");
    for (std::uint32_t reason = 0; reason < abi::exit_reason_limit; ++reason) {
        const std::uint64_t exits =
            sum(machine, [reason](const Statistics& its) { return its.exit[reason]; });
        if (exits != 0)
            say("  ", abi::name(static_cast<abi::ExitReason>(reason)), " ", exits);
    }
    print_calls(machine);
    print_keys(machine, "MSR", [](const Statistics& its) -> const KeyedCounts& { return its.msr; });
    print_keys(machine, "port",
               [](const Statistics& its) -> const KeyedCounts& { return its.port; });
}

void print_guest_state(Vcpu& vcpu) {
    static constexpr std::string_view names[]{"RAX", "RCX", "RDX", "RBX", "RSP", "RBP",
                                              "RSI", "RDI", "R8",  "R9",  "R10", "R11",
                                              "R12", "R13", "R14", "R15"};
    const Vmcs& vmcs = vcpu.vmcs;
    say("guest RIP ", Hex{vmcs.read(Field::guest_rip)}, " RSP ", Hex{vmcs.read(Field::guest_rsp)},
        " RFLAGS ", Hex{vmcs.read(Field::guest_rflags)});
    for (std::uint32_t number = 0; number < 16; ++number)
        if (number != rsp_number)
            say("  ", names[number], " ", Hex{vcpu.registers[number]});
    say("  CR0 ", Hex{vmcs.read(Field::guest_cr0)}, " CR2 ", Hex{cpu::read_cr2()}, " CR3 ",
        Hex{guest_cr3(vcpu)}, " CR4 ", Hex{vmcs.read(Field::guest_cr4)});
    say("  CS ", Hex{vmcs.read(Field::guest_cs_selector)}, " SS ",
        Hex{vmcs.read(Field::guest_ss_selector)}, " TR ", Hex{vmcs.read(Field::guest_tr_selector)},
        " GDTR ", Hex{vmcs.read(Field::guest_gdtr_base)}, " limit ",
        vmcs.read(Field::guest_gdtr_limit), " IDTR ", Hex{vmcs.read(Field::guest_idtr_base)},
        " limit ", vmcs.read(Field::guest_idtr_limit));
}

[[noreturn]] void end_of_guest(Vcpu& vcpu, std::uint32_t status) {
    finish_exit_trace(vcpu);
    print_summary(*vcpu.machine);
    console::end_run(status);
}

} // namespace hv
