#include "hypervisor/address_space/translations.h"

#include "hypervisor/vcpu/vcpu.h"

namespace hv {

using cpu::InvvpidType;

// SDM vol. 3, 29.4.3.3. Without VPID each VM entry and VM exit drops all by itself.
Invalidation choose_invalidation(const Capabilities& capabilities, std::uint16_t vpid) {
    const EptVpidCapability offered = capabilities.ept_vpid;
    const InvvpidType all =
        offered.invvpid_single_context() ? InvvpidType::single_context : InvvpidType::all_contexts;
    const InvvpidType non_global = offered.invvpid_single_context_retaining_globals()
                                       ? InvvpidType::single_context_retaining_globals
                                       : all;
    return {.descriptor = {vpid, {}, 0}, .non_global = non_global, .all = all};
}

namespace {

// The ROM is told first, and told otherwise when anything is left: another vCPU notes what it
// leaves behind before it tells the ROM, so of two at a time the later word is the right one.
[[gnu::noinline]] void note_dropped(Vcpu& vcpu, Stale stale) {
    volatile std::uint32_t& told = vcpu.area->control.stale_translations;
    told = 0;
    if (!vcpu.machine->shadows.clear_left(vcpu.number, stale))
        told = 1;
}

} // namespace

// Noted first: what another vCPU changes in between is then stale once more, though it need not be.
void drop_translations(Vcpu& vcpu, Stale stale) {
    if (vcpu.machine->shadows.has_left(vcpu.number)) [[unlikely]]
        note_dropped(vcpu, stale);
    if (vcpu.vpid != 0)
        cpu::invvpid(stale == Stale::all ? vcpu.invalidation.all : vcpu.invalidation.non_global,
                     vcpu.invalidation.descriptor);
}

void drop_translation(Vcpu& vcpu, std::uint64_t linear) {
    if (vcpu.vpid == 0)
        return;
    if (!vcpu.machine->capabilities.ept_vpid.invvpid_individual_address()) {
        vcpu.pending |= pending::all_translations;
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
