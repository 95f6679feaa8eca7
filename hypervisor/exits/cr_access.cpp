// CR_ACCESS: MOV to and from control registers, CLTS, LMSW.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/exits/exit_handlers.h"
#include "hypervisor/processors/run_without_paging.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/numbered_register.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/exit_qualification.h"
#include "hypervisor/x86/msr.h"

namespace hv {

namespace {

using abi::ControlRegisterAccess;
using abi::Error;

/// LMSW writes PE, MP, EM and TS, and cannot clear PE (SDM vol. 2, "LMSW").
constexpr std::uint64_t lmsw_bits = 0xF;

struct Outcome {
    Error error;
    std::uint64_t value;
};

// Outside 64-bit mode the operand has 32 bits (SDM vol. 2, "MOV to Control Registers").
std::uint64_t operand(const Vcpu& vcpu, std::uint64_t value) {
    return value >> 32 != 0 && !in_64_bit_mode(vcpu) ? value & 0xFFFFFFFF : value;
}

Outcome move_to_cr3(Vcpu& vcpu, std::uint64_t value) {
    // A root that was offered and then withdrawn: the ROM passes the guest's own root in RDI
    // (docs/abi.md, "Roots without an exit").
    const ShadowTables& shadows = vcpu.machine->shadows;
    const bool is_legacy = !in_ia32e_mode(vcpu);
    const bool withdrawn = !is_legacy && !shadows.can_displace() && shadows.at(value) != 0;
    const std::uint64_t root = withdrawn ? vcpu.registers.rdi : value;
    const Error error =
        is_legacy ? load_root_outside_long_mode(vcpu, root) : set_guest_cr3(vcpu, root);
    // A kernel may load CR3 without the ROM; whoever asks for a shoot-down reads the ROM's mirror.
    if (error == Error::none)
        vcpu.area->control.cr3 = root;
    return {error, root};
}

Outcome move_to(Vcpu& vcpu, CrAccess access) {
    const std::uint64_t value = operand(vcpu, read_register(vcpu, access.general_register()));
    switch (access.control_register()) {
    case 0:
        count(vcpu, ControlRegisterAccess::mov_to_cr0);
        return {set_guest_cr0(vcpu, value), value};
    case 3:
        count(vcpu, ControlRegisterAccess::mov_to_cr3);
        return move_to_cr3(vcpu, value);
    case 4:
        count(vcpu, ControlRegisterAccess::mov_to_cr4);
        return {set_guest_cr4(vcpu, value), value};
    default:
        count(vcpu, ControlRegisterAccess::other);
        return {Error::bad_register, access.control_register()};
    }
}

Outcome move_from(Vcpu& vcpu, CrAccess access) {
    // MOV from CR3 exits under shadow paging, or where CR3-store exiting is forced; CR8 never
    // exits.
    count(vcpu, ControlRegisterAccess::mov_from_cr3);
    if (access.control_register() != 3)
        return {Error::bad_register, access.control_register()};
    const std::uint64_t value = operand(vcpu, guest_cr3(vcpu));
    write_register(vcpu, access.general_register(), value);
    return {Error::none, value};
}

Outcome carry_out(Vcpu& vcpu, CrAccess access) {
    switch (access.type()) {
    case CrAccess::Type::mov_to_cr:
        return move_to(vcpu, access);
    case CrAccess::Type::mov_from_cr:
        return move_from(vcpu, access);
    case CrAccess::Type::clts: {
        count(vcpu, ControlRegisterAccess::clts);
        clear_task_switched(vcpu);
        return {Error::none, 0};
    }
    case CrAccess::Type::lmsw:
        break;
    }
    count(vcpu, ControlRegisterAccess::lmsw);
    const std::uint64_t old = guest_cr0(vcpu);
    const std::uint64_t value = (old & ~lmsw_bits) | (access.lmsw_source_data() & lmsw_bits) |
                                (old & cr0::protection_enable);
    return {set_guest_cr0(vcpu, value), value};
}

// Whether it leads to a mode in which no vCPU can be: memory without paging, from compatibility
// mode, or, where that can be, real-address mode. In 64-bit mode both are refused, as by the
// processor (SDM vol. 2, "MOV to Control Registers").
bool is_to_be_interpreted(Vcpu& vcpu, CrAccess access) {
    const VirtualMachine& machine = *vcpu.machine;
    if (access.type() != CrAccess::Type::mov_to_cr || access.control_register() != 0 ||
        machine.runs_in_every_mode())
        return false;
    const std::uint64_t value = read_register(vcpu, access.general_register());
    const std::uint64_t mode = value & (cr0::paging | cr0::protection_enable);
    if (machine.interprets_real_address_mode())
        return mode == 0 && !in_ia32e_mode(vcpu);
    return mode == cr0::protection_enable && !in_64_bit_mode(vcpu);
}

} // namespace

void handle_cr_access(Vcpu& vcpu) {
    const CrAccess access{vcpu.vmcs.read(Field::exit_qualification)};
    if (is_to_be_interpreted(vcpu, access)) [[unlikely]]
        return run_without_paging(vcpu,
                                  operand(vcpu, read_register(vcpu, access.general_register())));
    const Outcome outcome = carry_out(vcpu, access);
    if (outcome.error != Error::none) {
        if (outcome.error == paused)
            return (void)execute_again(vcpu);
        return refuse_instruction(vcpu, outcome.error, "CR_ACCESS", outcome.value);
    }
    // Where the kernel uses a ROM beside native instructions, the mirrors must follow.
    if (vcpu.machine->interface != abi::Interface::native)
        mirror_registers(vcpu);
    skip_instruction(vcpu);
}

} // namespace hv
