#include "hypervisor/exits/entry_failure.h"

#include "hypervisor/host/console.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/entry_violations.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/x86/general_registers.h"

namespace hv {

namespace {

using console::Hex;
using console::say;

/// VM-instruction errors 7 and 8 are the ones that VMCS fields explain (SDM vol. 3, 31.4).
constexpr std::uint64_t error_control_fields = 7;
constexpr std::uint64_t error_host_state = 8;

bool repair(Vcpu& vcpu) {
    // A failed entry does not count as an exit: the same count means that the last repair did not
    // help.
    if (vcpu.entry_repair == vcpu.statistics.exits)
        return false;
    vcpu.entry_repair = vcpu.statistics.exits;
    if ((vcpu.vmcs.read(Field::guest_interruptibility_state) & interruptibility::sti_or_mov_ss) ==
        0)
        return false;
    end_instruction(vcpu, vcpu.vmcs.read(Field::guest_rflags));
    return true;
}

} // namespace

void print_entry_violations(Vcpu& vcpu) {
    const EntryReport report = entry_violations(vcpu);
    if (report.violations().empty())
        say("the checker finds no broken rule; the processor's own log may name it");
    for (const Violation& violation : report.violations())
        say(describe(violation).view());
}

void handle_entry_failure(Vcpu& vcpu, abi::ExitReason reason) {
    if (repair(vcpu))
        return;
    console::error("VM entry failed: ", abi::name(reason), ", qualification ",
                   Hex{vcpu.vmcs.read(Field::exit_qualification)});
    print_entry_violations(vcpu);
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

/// Called by the stubs (exits/vm_exit.S) when VMLAUNCH or VMRESUME falls through.
extern "C" [[noreturn]] void vm_entry_failed(GuestRegisters* registers) {
    Vcpu& vcpu = vcpu_of(*registers);
    const std::uint64_t error = vcpu.vmcs.read(Field::vm_instruction_error);
    console::error("VM entry failed: VM-instruction error ", error);
    if (error == error_control_fields || error == error_host_state)
        print_entry_violations(vcpu);
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

} // namespace hv
