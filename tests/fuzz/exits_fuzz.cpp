// VM exits as hostile guests cause them: any reason, with whatever the processor may save. The
// guest is told, or the run ends by name; and the processor would enter the guest again.

#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/rflags.h"
#include "shared/console.h"
#include "tests/fuzz/exit_states.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/guest_actions.h"
#include "tests/fuzz/machine_checks.h"

#include <string>

namespace hv::fuzz {
namespace {

using abi::ExitReason;
using ::fuzz::require;

/// Exits of one instruction: the guest continues after it, or takes a fault.
bool is_instruction(ExitReason reason) {
    switch (reason) {
    case ExitReason::ept_violation:
    case ExitReason::exception_nmi:
    case ExitReason::init_signal:
    case ExitReason::task_switch:
        return false;
    default:
        return true;
    }
}

void check_guest_is_told(FuzzMachine& machine, ExitReason reason, std::uint64_t rip) {
    const InterruptionInformation event{
        static_cast<std::uint32_t>(machine.field(Field::vm_entry_interruption_information))};
    require(!is_instruction(reason) || event.valid() || machine.field(Field::guest_rip) != rip,
            "an instruction that exits is done, or faults");
}

bool step(Input& input, FuzzMachine& machine) {
    switch (input.below(8)) {
    case 0:
        return any_store(input, machine);
    case 1:
        any_ring(input, machine);
        return true;
    case 2:
        switch_vcpu(input, machine);
        return true;
    default:
        break;
    }
    const ExitReason reason = any_exit_state(input, machine);
    const std::uint32_t number = machine.vcpu().number;
    const std::uint64_t rip = machine.field(Field::guest_rip);
    if (!exit(machine, reason))
        return false;
    if (machine.machine().vcpu(number).waits_for_start == 0)
        check_guest_is_told(machine, reason, rip);
    return true;
}

void run(Input input) {
    FuzzMachine& machine = FuzzMachine::fresh(configurations[input.below(configurations.size())]);
    while (!input.empty()) {
        if (!step(input, machine)) {
            const std::string& console = machine.machine().console;
            require(console.find(abi::end_prefix) != std::string::npos,
                    "a run that ends says its status");
            return;
        }
        check_entry(machine);
        switch_vcpu(input, machine);
    }
    check_machine(machine);
}

} // namespace
} // namespace hv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hv::fuzz::run(hv::fuzz::Input{{data, size}});
    return 0;
}
