#include "hypervisor/vcpu/resume.h"

#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/note.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/page_fault.h"
#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/segment.h"

namespace hv {

namespace {

// There no exception has an error code, and VM entry refuses one (SDM vol. 3, 27.2.1.3).
bool is_in_real_address_mode(const Vcpu& vcpu) {
    return vcpu.machine->runs_in_every_mode() &&
           (vcpu.vmcs.read(Field::guest_cr0) & cr0::protection_enable) == 0;
}

} // namespace

std::uint64_t wrap_outside_64_bit_mode(const Vcpu& vcpu, std::uint64_t rip) {
    // Outside IA-32e mode CS.L has no meaning.
    const bool is_64_bit = in_64_bit_mode(vcpu) && in_ia32e_mode(vcpu);
    return is_64_bit ? rip : rip & 0xFFFFFFFF;
}

void end_instruction(Vcpu& vcpu, std::uint64_t flags) {
    constexpr std::uint64_t ended = interruptibility::sti_or_mov_ss;
    const std::uint64_t state = vcpu.vmcs.read(Field::guest_interruptibility_state);
    if ((state & ended) != 0)
        vcpu.vmcs.write(Field::guest_interruptibility_state, state & ~ended);
    if ((flags & rflags::resume) != 0)
        vcpu.vmcs.write(Field::guest_rflags, flags & ~rflags::resume);
    if ((flags & rflags::trap) != 0) {
        vcpu.vmcs.write(Field::guest_pending_debug_exceptions,
                        vcpu.vmcs.read(Field::guest_pending_debug_exceptions) |
                            pending_debug::single_step);
    }
}

void skip_instruction(Vcpu& vcpu) {
    advance_rip(vcpu, vcpu.vmcs.read(Field::vm_exit_instruction_length));
    end_instruction(vcpu, vcpu.vmcs.read(Field::guest_rflags));
}

void inject_exception(Vcpu& vcpu, std::uint8_t vector, std::uint32_t error_code) {
    ++vcpu.statistics.injected;
    auto event = InterruptionInformation::exception(vector);
    if (event.error_code()) {
        if (is_in_real_address_mode(vcpu)) [[unlikely]]
            event =
                InterruptionInformation::make(InterruptionType::hardware_exception, vector, false);
        vcpu.vmcs.write(Field::vm_entry_exception_error_code, error_code);
    }
    vcpu.vmcs.write(Field::vm_entry_interruption_information, event.raw);
}

void inject_fault(Vcpu& vcpu, std::uint8_t vector, std::uint32_t error_code) {
    vcpu.vmcs.write(Field::guest_rflags, vcpu.vmcs.read(Field::guest_rflags) | rflags::resume);
    inject_exception(vcpu, vector, error_code);
}

void repeat_event(Vcpu& vcpu, InterruptionInformation event) {
    const Vmcs& vmcs = vcpu.vmcs;
    // An NMI blocks others before its delivery exits (SDM vol. 3, 28.1), and where NMIs are virtual
    // none can be injected while they are blocked (27.3.1.5).
    if (event.type() == InterruptionType::nmi) {
        vmcs.write(Field::guest_interruptibility_state,
                   vmcs.read(Field::guest_interruptibility_state) &
                       ~std::uint64_t{interruptibility::nmi});
    }
    if (event.error_code())
        vmcs.write(Field::vm_entry_exception_error_code,
                   vmcs.read(Field::idt_vectoring_error_code));
    vmcs.write(Field::vm_entry_instruction_length, vmcs.read(Field::vm_exit_instruction_length));
    // Bit 12 is undefined in what is read and reserved in what is written.
    constexpr std::uint32_t undefined = 1 << 12;
    vmcs.write(Field::vm_entry_interruption_information, event.raw & ~undefined);
}

void block_nmis_again(Vcpu& vcpu) {
    if (interrupted_event(vcpu).valid())
        return;
    const Vmcs& vmcs = vcpu.vmcs;
    vmcs.write(Field::guest_interruptibility_state,
               vmcs.read(Field::guest_interruptibility_state) | interruptibility::nmi);
}

void inject_nmi(Vcpu& vcpu) {
    constexpr std::uint64_t blocked = interruptibility::sti_or_mov_ss | interruptibility::nmi;
    // A processor that waits for a SIPI takes no NMI (SDM vol. 3, 26.2), and keeps none.
    if (vcpu.waits_for_start != 0) {
        vcpu.nmi.pending = 0;
        return;
    }
    const InterruptionInformation injected{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_entry_interruption_information))};
    if (injected.valid() || (vcpu.vmcs.read(Field::guest_interruptibility_state) & blocked) != 0)
        return;
    vcpu.nmi.pending = 0;
    const auto event = InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false);
    vcpu.vmcs.write(Field::vm_entry_interruption_information, event.raw);
}

void name_refusal(Vcpu& vcpu, abi::Error error, std::string_view what, std::uint64_t argument) {
    ++vcpu.statistics.refused;
    const std::uint64_t bit = std::uint64_t{1} << static_cast<std::uint32_t>(error);
    if ((vcpu.refusals_named & bit) != 0)
        return;
    vcpu.refusals_named |= bit;
    note(vcpu, "refused ", what, " ", console::Hex{argument}, ": ", abi::name(error));
}

void refuse_instruction(Vcpu& vcpu, abi::Error error, std::string_view what,
                        std::uint64_t argument) {
    name_refusal(vcpu, error, what, argument);
    inject_fault(vcpu, vector::general_protection);
}

} // namespace hv
