// Any sequence of hypercalls, ring entries and stores, on one vCPU and on two.

#include "shared/error.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/guest_actions.h"
#include "tests/fuzz/machine_checks.h"

namespace hv::fuzz {
namespace {

bool step(Input& input, FuzzMachine& machine) {
    switch (input.below(8)) {
    case 0:
    case 1:
        return any_store(input, machine);
    case 2:
        any_ring(input, machine);
        return true;
    case 3:
        switch_vcpu(input, machine);
        return true;
    default:
        break;
    }
    const bool goes_on = any_hypercall(input, machine);
    ::fuzz::require(!goes_on || machine.vcpu().registers.rax < abi::error_count,
                    "a hypercall's answer is an error of the list");
    return goes_on;
}

void run(Input input) {
    FuzzMachine& machine = FuzzMachine::fresh(configurations[input.below(configurations.size())]);
    while (!input.empty()) {
        if (!step(input, machine))
            return;
        check_entry(machine);
    }
    check_machine(machine);
}

} // namespace
} // namespace hv::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    hv::fuzz::run(hv::fuzz::Input{{data, size}});
    return 0;
}
