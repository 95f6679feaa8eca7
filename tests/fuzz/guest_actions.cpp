#include "tests/fuzz/guest_actions.h"

#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/paging_mode.h"
#include "tests/fuzz/guest_mode.h"
#include "tests/fuzz/guest_values.h"

#include <algorithm>

namespace hv::fuzz {

using abi::ExitReason;
using test::Machine;

namespace {

constexpr std::uint32_t store_slot = 16; ///< bytes of the code page for one instruction
constexpr std::uint64_t vmcall_length = 3;

/// EPT violation: a write to the translation of a valid linear address, which EPT lets be read.
constexpr std::uint64_t write_violation = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 7 | 1 << 8;

/// As the memory of the vCPU that runs: in a step the copy of a page.
void write_plainly(FuzzMachine& machine, std::uint64_t gpa, std::uint64_t value) {
    const std::uint64_t place = machine.machine().stepped_place(gpa);
    const std::uint64_t size = std::min<std::uint64_t>(8, page_size - gpa % page_size);
    std::memcpy(direct_pointer(place), &value, size);
}

bool exit_for_store(FuzzMachine& machine, std::uint64_t gpa) {
    const std::uint64_t linear = Machine::linear_base + gpa;
    if (machine.vm().profile == abi::Profile::classic) {
        machine.field(Field::exit_qualification) = linear;
        machine.field(Field::vm_exit_interruption_information) =
            InterruptionInformation::exception(vector::page_fault).raw;
        machine.field(Field::vm_exit_interruption_error_code) = 3; // present, write
        return exit(machine, ExitReason::exception_nmi);
    }
    machine.field(Field::exit_qualification) = write_violation;
    machine.field(Field::guest_physical_address) = gpa;
    machine.field(Field::guest_linear_address) = linear;
    return exit(machine, ExitReason::ept_violation);
}

/// vCPUs that were kicked while another had the page tables' lock: the rest of their exits.
void finish_kicks(test::KernelMachine& kernel) {
    while (!kernel.late_exits.empty()) {
        const std::uint32_t number = kernel.late_exits.back();
        kernel.late_exits.pop_back();
        kernel.vcpu(number).nmi.kick_in_flight = 1;
        kernel.exit(number, ExitReason::exception_nmi);
    }
}

/// After the store has run: the step's #DB.
bool finish_step(FuzzMachine& machine) {
    machine.field(Field::exit_qualification) = 1 << 14; // single step
    machine.field(Field::vm_exit_interruption_information) =
        InterruptionInformation::exception(vector::debug).raw;
    return exit(machine, ExitReason::exception_nmi);
}

} // namespace

bool exit(FuzzMachine& machine, ExitReason reason) {
    return machine.run([&] {
        test::KernelMachine& kernel = machine.machine();
        kernel.invalidations.clear();
        kernel.fields[Field::vm_entry_interruption_information] = 0;
        kernel.exit(kernel.vcpu().number, reason);
        finish_kicks(kernel);
    });
}

bool hypercall(FuzzMachine& machine, std::uint64_t call, std::uint64_t first, std::uint64_t second,
               std::uint64_t third) {
    GuestRegisters& registers = machine.vcpu().registers;
    registers.rax = call;
    registers.rdi = first;
    registers.rsi = second;
    registers.rdx = third;
    machine.field(Field::vm_exit_instruction_length) = vmcall_length;
    return exit(machine, ExitReason::vmcall);
}

bool any_hypercall(Input& input, FuzzMachine& machine) {
    const std::uint64_t call =
        input.below(16) == 0 ? any_value(input, machine) : input.below(abi::call_limit);
    const std::uint64_t first = any_value(input, machine);
    const std::uint64_t second = any_value(input, machine);
    return hypercall(machine, call, first, second, any_value(input, machine));
}

bool any_store(Input& input, FuzzMachine& machine) {
    const std::uint64_t gpa = any_gpa(input, machine);
    const std::uint64_t value = any_value(input, machine);
    const std::uint32_t instruction = input.below(FuzzMachine::stores);
    const Frame& frame = *machine.vm().frames.of_address(gpa);
    const SingleStep& stepped = machine.vcpu().single_step;
    const auto& pages = stepped.pages;
    const bool in_step = stepped.active && std::find(pages.begin(), pages.end(),
                                                     align_down(gpa, page_size)) != pages.end();
    if (frame.write_locks == 0 || in_step) {
        write_plainly(machine, gpa, value);
        return !in_step || finish_step(machine);
    }
    GuestRegisters& registers = machine.vcpu().registers;
    registers.rdi = Machine::linear_base + gpa;
    registers.rdx = registers.rax = value;
    registers.rcx = 1;
    if (!stepped.active)
        enter_mode(machine, Mode::kernel);
    machine.field(Field::guest_rip) =
        machine.code_linear() + std::uint64_t{instruction} * store_slot;
    machine.field(Field::idt_vectoring_information) = 0;
    return exit_for_store(machine, gpa);
}

void any_ring(Input& input, FuzzMachine& machine) {
    abi::VcpuArea& area = machine.machine().area();
    const std::uint32_t count = input.below(8);
    for (std::uint32_t entry = 0; entry < count; ++entry) {
        const auto call = static_cast<std::uint16_t>(input.below(abi::call_limit + 1));
        const std::uint64_t first = any_value(input, machine);
        const std::uint64_t second = any_value(input, machine);
        area.entry[area.control.ring.tail++ % abi::ring_capacity] = {
            call, 0, 0, {first, second, any_value(input, machine)}};
    }
    if (input.below(32) == 0)
        area.control.ring.tail = input.take<std::uint32_t>();
}

void switch_vcpu(Input& input, FuzzMachine& machine) {
    const std::uint32_t number = input.below(machine.vm().vcpu_count);
    if (machine.machine().vcpu(number).waits_for_start == 0)
        machine.machine().run_on(number);
}

} // namespace hv::fuzz
