// Exits that are rare and simple: XSETBV, INVD, INIT, and instructions that the
// guest does not have.

#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

// XCR0 is the guest's, as far as CPUID offers its state components: the monitor uses no state that
// it switches.
void handle_xsetbv(Vcpu& vcpu) {
    const GuestRegisters& registers = vcpu.registers;
    const std::uint64_t value = registers.rdx << 32 | (registers.rax & 0xFFFFFFFF);
    if (current_privilege_level(vcpu) != 0 || (value & ~vcpu.machine->offered_xcr0) != 0 ||
        !cpu::try_xsetbv(static_cast<std::uint32_t>(registers.rcx), value))
        return refuse_instruction(vcpu, abi::Error::bad_value, "XSETBV", value);
    skip_instruction(vcpu);
}

// INVD would discard the monitor's modified cache lines as well, so WBINVD takes its place.
void handle_invd(Vcpu& vcpu) {
    cpu::write_back_caches();
    skip_instruction(vcpu);
}

void handle_undefined_instruction(Vcpu& vcpu) { inject_fault(vcpu, vector::invalid_opcode); }

// Another processor of the guest's resets this one. Comes only when commands of the local APICs are
// not intercepted (apic/command_interception.h).
void handle_init_signal(Vcpu& vcpu) { reset_vcpu(vcpu); }

} // namespace hv
