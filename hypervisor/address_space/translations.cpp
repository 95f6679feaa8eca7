#include "hypervisor/address_space/translations.h"

#include "hypervisor/vcpu/vcpu.h"

namespace hv {

using cpu::InvvpidType;

// SDM vol. 3, 29.4.3.3. Without VPID, each VM entry and each VM exit drops all translations.
Invalidation choose_invalidation(const Capabilities& capabilities, std::uint16_t vpid) {
    const EptVpidCapability offered = capabilities.ept_vpid;
    const InvvpidType all =
        offered.invvpid_single_context() ? InvvpidType::single_context : InvvpidType::all_contexts;
    const InvvpidType non_global = offered.invvpid_single_context_retaining_globals()
                                       ? InvvpidType::single_context_retaining_globals
                                       : all;
    return {.descriptor = {vpid, {}, 0}, .non_global = non_global, .all = all};
}

void tell_stale(VirtualMachine& machine, std::uint64_t mask) {
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        if ((mask >> number & 1) != 0)
            machine.vcpus[number]->area->control.stale_translations = 1;
}

void account_for_stale(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    const StaleTranslations::Owed owed = machine.stale.take();
    if (owed.by_monitor) [[unlikely]]
        vcpu.pending |=
            machine.shadows.in_use() ? pending::all_translations : pending::ept_translations;
    if (owed.by_guest == Stale::none)
        return;
    drop_before_entry(vcpu, owed.by_guest);
    const std::uint64_t others = machine.every_vcpu_but(vcpu.number);
    if (others != 0 && machine.shadows.in_use())
        tell_stale(machine, machine.stale.note_left(others, owed.by_guest));
}

LeftToGuest::LeftToGuest(Vcpu& vcpu) : vcpu_{vcpu} { account_for_stale(vcpu); }

void LeftToGuest::leave() {
    VirtualMachine& machine = *vcpu_.machine;
    const Stale stale = machine.stale.leave();
    if (stale == Stale::none)
        return;
    if (machine.shadows.in_use())
        tell_stale(machine, machine.stale.note_left(machine.every_vcpu(), stale));
    vcpu_.area->control.stale_translations = 1;
}

void drop_for_guest(Vcpu& vcpu) {
    drop_before_entry(vcpu, Stale::all);
    if (!vcpu.machine->shadows.has_unsynced())
        vcpu.area->control.stale_translations = 0;
}

// The ROM is told first, and told otherwise when anything is left: another vCPU notes what it
// leaves before it tells the ROM, so the later of two words at a time is the right one.
void note_dropped(Vcpu& vcpu, Stale stale) {
    volatile std::uint32_t& told = vcpu.area->control.stale_translations;
    told = 0;
    VirtualMachine& machine = *vcpu.machine;
    if (!machine.stale.clear_left(vcpu.number, stale) || machine.shadows.has_unsynced())
        told = 1;
}

void drop_translation(Vcpu& vcpu, std::uint64_t linear) {
    if (vcpu.vpid == 0)
        return;
    if (!vcpu.machine->capabilities.ept_vpid.invvpid_individual_address()) {
        drop_before_entry(vcpu, Stale::all);
        return;
    }
    cpu::invvpid(InvvpidType::individual_address, {vcpu.vpid, {}, linear});
}

void drop_ept_translations(Vcpu& vcpu) {
    drop_ept_context(vcpu, vcpu.machine->ept.pointer(vcpu.number));
}

void drop_ept_context(Vcpu& vcpu, std::uint64_t ept_pointer) {
    if (vcpu.machine->capabilities.ept_vpid.invept_single_context())
        cpu::invept(cpu::InveptType::single_context, ept_pointer);
    else
        cpu::invept(cpu::InveptType::all_contexts, 0);
}

} // namespace hv
