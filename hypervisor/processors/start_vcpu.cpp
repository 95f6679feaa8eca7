#include "hypervisor/processors/start_vcpu.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/apic/command_interception.h"
#include "hypervisor/host/console.h"
#include "hypervisor/registers/cpuid.h"
#include "hypervisor/registers/mirror.h"
#include "hypervisor/registers/msr_policy.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/registers/port_policy.h"
#include "hypervisor/registers/reset_state.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/held_event.h"
#include "hypervisor/vcpu/note.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vmx/guest_state.h"

namespace hv {

using abi::Error;

namespace {

void set_waiting(Vcpu& vcpu, bool waits) {
    __atomic_store_n(&vcpu.waits_for_start, waits ? 1U : 0U, __ATOMIC_SEQ_CST);
}

void write_activity(Vcpu& vcpu, ActivityState state) {
    vcpu.vmcs.write(Field::guest_activity_state, static_cast<std::uint64_t>(state));
}

// Queued entries are discarded, and the ROM starts afresh.
void clear_area(Vcpu& vcpu) {
    volatile abi::ControlPage& control = vcpu.area->control;
    control.ring.tail = vcpu.ring_head;
    control.ring.head = vcpu.ring_head;
    control.ring.pending_error = 0;
    control.lazy_mode = 0;
    control.stale_translations = 0;
    for (std::uint32_t slot = 0; slot < abi::linear_mappings; ++slot)
        control.linear_mapping[slot].pages = 0;
    vcpu.drain_error = Error::none;
}

cpu::CpuidResult startup_cpuid(Vcpu& vcpu, const StartupState& state, std::uint32_t leaf,
                               std::uint32_t subleaf) {
    return guest_cpuid(vcpu, state.cr4, leaf, subleaf);
}

bool may_write(Vcpu& vcpu, std::uint64_t gpa, std::uint32_t) {
    return !vcpu.machine->translation.is_protected(gpa);
}

} // namespace

StartupEnvironment startup_environment(Vcpu& vcpu) {
    return {.memory = vcpu.machine->memory,
            .vcpu = vcpu,
            .cpuid = startup_cpuid,
            .read_msr = read_guest_msr,
            .write_msr = write_guest_msr,
            .read_port = input_from_port,
            .write_port = output_to_port,
            .may_write = may_write,
            .ends_in_protected_mode = vcpu.machine->interprets_real_address_mode()};
}

namespace {

Error interpret(Vcpu& vcpu, std::uint8_t vector) {
    StartupState state = after_sipi(vector);
    // So that no page becomes protected while the code writes to it.
    lock_page_tables(vcpu);
    const StartupEnd end = run_guest_startup(state, startup_environment(vcpu));
    if (end.error != Error::none) {
        note(vcpu, "vCPU ", vcpu.number, " does not start at ",
             console::Hex{std::uint64_t{vector} << 12}, ": ", end.reason, ", at ",
             console::Hex{end.address});
        return end.error;
    }
    return load_start_state(vcpu, state);
}

// The code at the SIPI's vector is run by the processor, if the kernel may be in every mode and was
// not written for lazyhv. Otherwise it is interpreted: what it does is judged, and a start that
// goes wrong is named.
Error run_startup_code(Vcpu& vcpu, std::uint8_t vector) {
    const VirtualMachine& machine = *vcpu.machine;
    if (!machine.runs_in_every_mode() || !machine.is_kernel_unaware)
        return interpret(vcpu, vector);
    load_real_mode_state(vcpu, vector);
    return Error::none;
}

bool take_order(Vcpu& vcpu, abi::InitialState& state) {
    const SpinGuard guard{vcpu.machine->start_lock};
    const bool given = std::exchange(vcpu.start_order.given, false);
    if (given)
        state = vcpu.start_order.state;
    return given;
}

} // namespace

void wait_for_start(Vcpu& vcpu) {
    lock_page_tables(vcpu);
    set_waiting(vcpu, true);
    forget_held_event(vcpu);
    vcpu.tables.close(vcpu.machine->translation);
    leave_roots(vcpu);
    clear_area(vcpu);
    write_reset_state(vcpu);
    write_activity(vcpu, ActivityState::hlt);
    intercept_commands(vcpu);
}

void reset_vcpu(Vcpu& vcpu) {
    if (vcpu.number == 0) {
        console::say("the guest has reset the machine: INIT for the boot processor");
        end_of_guest(vcpu, abi::reset_status);
    }
    wait_for_start(vcpu);
}

void start_vcpu(Vcpu& vcpu) {
    if (vcpu.waits_for_start == 0)
        return;
    const std::uint8_t vector = vcpu.startup_page;
    // From here on others kick it again; it checks for requests before it runs the guest.
    set_waiting(vcpu, false);
    abi::InitialState state;
    const Error error =
        take_order(vcpu, state) ? load_initial_state(vcpu, state) : run_startup_code(vcpu, vector);
    if (error != Error::none) {
        name_refusal(vcpu, error, "SIPI", vector);
        return wait_for_start(vcpu);
    }
    drop_before_entry(vcpu, Stale::all);
    write_activity(vcpu, ActivityState::active);
    mirror_registers(vcpu);
    pass_commands_if_all_run(vcpu);
}

void serve_all_requests(Vcpu& vcpu) {
    serve_requests(vcpu);
    const std::uint32_t asked = take_start_requests(vcpu);
    if ((asked & request::reset) != 0) [[unlikely]]
        reset_vcpu(vcpu);
    if ((asked & request::start) != 0) [[unlikely]]
        start_vcpu(vcpu);
}

} // namespace hv
