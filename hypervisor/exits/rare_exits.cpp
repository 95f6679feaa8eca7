// Exits that happen seldom and need little: XSETBV, INVD, instructions the guest does not have,
// and those that should not happen at all.

#include "hypervisor/console/console.h"
#include "hypervisor/cpu/instructions.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "shared/exit_reason.h"

namespace hv {

// XCR0 is the guest's: the monitor uses no state that it switches.
void handle_xsetbv(Vcpu& vcpu) {
    const GuestRegisters& registers = vcpu.registers;
    const std::uint64_t value = registers.rdx << 32 | (registers.rax & 0xFFFFFFFF);
    if (current_privilege_level(vcpu) != 0 ||
        !cpu::try_xsetbv(static_cast<std::uint32_t>(registers.rcx), value))
        return refuse_instruction(vcpu, abi::Error::bad_value, "XSETBV", value);
    skip_instruction(vcpu);
}

// INVD would throw away the monitor's modified lines as well.
void handle_invd(Vcpu& vcpu) {
    cpu::write_back_caches();
    skip_instruction(vcpu);
}

void handle_undefined_instruction(Vcpu& vcpu) { inject_exception(vcpu, vector::invalid_opcode); }

void handle_triple_fault(Vcpu& vcpu) {
    console::print(abi::error_prefix, "the guest triple-faulted\n");
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

// There are no task switches in 64-bit mode; a guest in compatibility mode gets what 64-bit mode
// would answer.
void handle_task_switch(Vcpu& vcpu) {
    refuse_instruction(vcpu, abi::Error::task_gate, "TASK_SWITCH",
                       vcpu.vmcs.read(Field::exit_qualification));
}

void handle_unexpected(Vcpu& vcpu) {
    const std::uint64_t reason = vcpu.vmcs.read(Field::exit_reason) & 0xFFFF;
    console::print(abi::error_prefix, "exit reason ", reason, " (",
                   abi::name(static_cast<abi::ExitReason>(reason)),
                   ") was not asked for; qualification ",
                   console::Hex{vcpu.vmcs.read(Field::exit_qualification)}, '\n');
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

void handle_ept_misconfig(Vcpu& vcpu) {
    console::print(abi::error_prefix, "EPT entry misconfigured for GPA ",
                   console::Hex{vcpu.vmcs.read(Field::guest_physical_address)}, '\n');
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

} // namespace hv
