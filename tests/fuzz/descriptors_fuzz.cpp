// Descriptor tables written in every way there is: calls, halves, stores of all sizes, stepped
// stores, and tables loaded elsewhere; by a kernel that has loaded TR, and by one that has not.

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/exits/settle.h"
#include "shared/call_number.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/guest_actions.h"
#include "tests/fuzz/guest_values.h"
#include "tests/fuzz/local_table.h"
#include "tests/fuzz/machine_checks.h"
#include "tests/fuzz/sealed_kernel.h"

#include <cstring>

namespace hv::fuzz {
namespace {

using abi::Call;
using test::Machine;

/// Profiles on which the tables are the monitor's.
constexpr std::array owning{
    Configuration{abi::Profile::hardened}, Configuration{abi::Profile::classic},
    Configuration{abi::Profile::hardened, 2}, Configuration{abi::Profile::classic, 2}};

constexpr std::uint64_t number(Call call) { return static_cast<std::uint64_t>(call); }

/// The kernel before it loads TR: no table is the monitor's yet.
void forget_tables(FuzzMachine& machine) {
    Vcpu& vcpu = machine.vcpu();
    lock_page_tables(vcpu);
    vcpu.tables.close(machine.vm().translation);
    settle(vcpu);
}

bool load_table(Input& input, FuzzMachine& machine, Call call) {
    const std::uint64_t place = machine.pages().back();
    const std::uint64_t base =
        input.flag() ? Machine::linear_base + any_gpa(input, machine) : any_value(input, machine);
    abi::PseudoDescriptor operand{input.take<std::uint16_t>(), base};
    if (input.flag()) // whole descriptors
        operand.limit = static_cast<std::uint16_t>(operand.limit | 15);
    if (machine.vm().frames.of_address(place)->write_locks == 0)
        std::memcpy(direct_pointer(place), &operand, sizeof(operand));
    return hypercall(machine, number(call), Machine::linear_base + place, 0, 0);
}

std::uint64_t any_selector(Input& input) {
    return input.flag() ? input.below(32) * 8U : input.take<std::uint16_t>();
}

/// WriteGDTEntry and similar calls, mostly for the table that is loaded.
bool write_entry(Input& input, FuzzMachine& machine, Call call, const GuestTable& table) {
    const std::uint64_t base = input.below(8) == 0 ? any_value(input, machine) : table.base();
    const std::uint64_t index = input.below(16) == 0 ? any_value(input, machine) : input.byte();
    return hypercall(machine, number(call), base, index, any_descriptor(input));
}

bool step(Input& input, FuzzMachine& machine, LocalTable& ldt) {
    const ProtectedTables& tables = machine.vcpu().tables;
    switch (input.below(12)) {
    case 0:
        return load_table(input, machine, Call::set_gdt);
    case 1:
        return load_table(input, machine, Call::set_idt);
    case 2: {
        const bool goes_on = hypercall(machine, number(Call::set_ldt), any_selector(input), 0, 0);
        if (machine.vcpu().registers.rax == 0)
            ldt.follow(machine);
        return goes_on;
    }
    case 3:
        return hypercall(machine, number(Call::set_tr), any_selector(input), 0, 0);
    case 4:
        return write_entry(input, machine, Call::write_idt_entry, tables.idt());
    case 5:
        return hypercall(machine, number(Call::write_ldt_entry),
                         machine.field(Field::guest_ldtr_base), input.byte(),
                         any_descriptor(input));
    case 6:
        return hypercall(machine, number(Call::write_tss_word), tables.tss().base(),
                         any_value(input, machine), any_value(input, machine));
    case 7:
        switch_vcpu(input, machine);
        return true;
    case 8:
    case 9:
        return write_entry(input, machine, Call::write_gdt_entry, tables.gdt());
    default:
        return any_store(input, machine);
    }
}

void run(Input input) {
    FuzzMachine& machine = FuzzMachine::fresh(owning[input.below(owning.size())]);
    if (input.below(4) == 0)
        forget_tables(machine);
    const SealedKernel kernel{machine};
    std::array<LocalTable, 2> ldts;
    while (!input.empty()) {
        const std::uint32_t number = machine.vcpu().number;
        if (!step(input, machine, ldts[number]))
            return;
        for (LocalTable& ldt : ldts)
            ldt.check();
    }
    kernel.check(machine);
    check_machine(machine);
}

} // namespace
} // namespace hv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hv::fuzz::run(hv::fuzz::Input{{data, size}});
    return 0;
}
