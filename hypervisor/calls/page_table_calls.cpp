// SetPxE to FlushTLB.

#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/vcpu/guest_root.h"
#include "hypervisor/vcpu/page_tables.h"
#include "hypervisor/vcpu/pending.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

using abi::Error;

namespace {

bool is_deferred(std::uint64_t flags) { return (flags & abi::update_flags::defer) != 0; }

// Does `update`, and leaves what it makes stale to InvalPage and FlushTLB. What others before it in
// the batch made stale is not left.
[[gnu::noinline]] Error defer(Vcpu& vcpu, CallHandler update, std::uint64_t first,
                              std::uint64_t second) {
    drop_stale_translations(vcpu);
    const Error error = update(vcpu, first, second, 0);
    if (vcpu.machine->page_tables.leave_stale())
        vcpu.area->control.stale_translations = 1;
    return error;
}

// FlushTLB, and InvalPage where anything else may be stale too.
void drop_all_translations(Vcpu& vcpu) {
    vcpu.pending |= pending::all_translations | pending::page_tables;
    if (!vcpu.machine->shadows.has_unsynced())
        vcpu.area->control.stale_translations = 0;
}

} // namespace

Error call_set_pxe(Vcpu& vcpu, std::uint64_t value, std::uint64_t entry, std::uint64_t flags) {
    if (is_deferred(flags)) [[unlikely]]
        return defer(vcpu, call_set_pxe, value, entry);
    vcpu.pending |= pending::page_tables;
    return vcpu.machine->page_tables.set_entry(entry, value, vcpu.tables);
}

Error call_update_pxe(Vcpu& vcpu, std::uint64_t entry, std::uint64_t flags, std::uint64_t) {
    if (is_deferred(flags)) [[unlikely]]
        return defer(vcpu, call_update_pxe, entry, 0);
    vcpu.pending |= pending::page_tables;
    return vcpu.machine->page_tables.update_entry(entry, vcpu.tables);
}

Error call_allocate_page(Vcpu& vcpu, std::uint64_t frame, std::uint64_t clone,
                         std::uint64_t options) {
    VirtualMachine& machine = *vcpu.machine;
    const Error error =
        machine.page_tables.allocate(frame, clone, abi::AllocateOptions::decode(options));
    if (machine.protected_pages.take_rights_reduced())
        vcpu.pending |= pending::ept_translations;
    vcpu.pending |= pending::page_tables;
    return error;
}

Error call_release_page(Vcpu& vcpu, std::uint64_t frame, std::uint64_t, std::uint64_t) {
    if (vcpu.machine->shadows.in_use())
        withdraw_root(vcpu, frame);
    vcpu.pending |= pending::page_tables;
    return vcpu.machine->page_tables.release(frame, guest_cr3(vcpu) / page_size);
}

Error call_inval_page(Vcpu& vcpu, std::uint64_t linear, std::uint64_t, std::uint64_t) {
    ShadowTables& shadows = vcpu.machine->shadows;
    if (shadows.has_unsynced() && is_canonical(linear))
        shadows.sync_address(current_shadow_root(vcpu), linear);
    drop_all_translations(vcpu);
    return Error::none;
}

Error call_flush_tlb(Vcpu& vcpu, std::uint64_t, std::uint64_t, std::uint64_t) {
    ShadowTables& shadows = vcpu.machine->shadows;
    if (shadows.has_unsynced())
        shadows.sync(0);
    drop_all_translations(vcpu);
    return Error::none;
}

} // namespace hv
