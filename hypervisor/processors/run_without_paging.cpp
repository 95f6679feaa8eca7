#include "hypervisor/processors/run_without_paging.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/host/console.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/registers/reset_state.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/segment_registers.h"

namespace hv {

namespace {

// The state after the MOV to CR0 that ended paging, or protected mode.
StartupState state_without_paging(Vcpu& vcpu, std::uint64_t cr0) {
    const Vmcs& vmcs = vcpu.vmcs;
    StartupState state{};
    state.general = vcpu.registers;
    state.general.unused_rsp = vmcs.read(Field::guest_rsp);
    state.rip = static_cast<std::uint32_t>(vmcs.read(Field::guest_rip) +
                                           vmcs.read(Field::vm_exit_instruction_length));
    state.rflags = vmcs.read(Field::guest_rflags);
    for (std::size_t number = 0; number < state.segments.size(); ++number)
        state.segments[number] = read_segment(vcpu, number);
    state.gdtr = read_gdtr(vcpu);
    state.idtr = read_idtr(vcpu);
    state.cr0 = static_cast<std::uint32_t>(cr0); // outside 64-bit mode, MOV writes 32 bits
    state.cr2 = cpu::read_cr2();
    state.cr3 = guest_cr3(vcpu);
    state.cr4 = guest_cr4(vcpu);
    state.efer = vcpu.efer & ~efer::long_mode_active;
    return state;
}

[[noreturn]] void give_up(Vcpu& vcpu, std::string_view reason, std::uint64_t address) {
    console::error("the guest has left ",
                   vcpu.machine->runs_in_protected_mode() ? "protected" : "64-bit",
                   " mode and does not come back: ", reason, ", at ", console::Hex{address});
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

} // namespace

void run_without_paging(Vcpu& vcpu, std::uint64_t cr0) {
    StartupState state = state_without_paging(vcpu, cr0);
    // So that no page becomes protected while the code writes to it.
    lock_page_tables(vcpu);
    const StartupEnd end = run_guest_startup(state, startup_environment(vcpu));
    if (end.error != abi::Error::none)
        give_up(vcpu, end.reason, end.address);
    vcpu.vmcs.write(Field::guest_interruptibility_state, 0);
    if (const abi::Error error = load_state_again(vcpu, state); error != abi::Error::none)
        give_up(vcpu, abi::name(error), state.rip);
    drop_before_entry(vcpu, Stale::all);
    mirror_registers(vcpu);
}

} // namespace hv
