// The calls from SetPxE to FlushTLB.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/vcpu/pause.h"

namespace hv {

using abi::Error;

namespace {

bool is_deferred(std::uint64_t flags) { return (flags & abi::update_flags::defer) != 0; }

// Executes `update`, and leaves the translations that it makes stale to InvalPage and FlushTLB.
// Those that earlier entries of the batch made stale are dropped first: they were not deferred.
[[gnu::noinline]] Error defer(Vcpu& vcpu, CallHandler update, std::uint64_t first,
                              std::uint64_t second) {
    lock_page_tables(vcpu);
    const LeftToGuest left{vcpu};
    return update(vcpu, first, second, 0);
}

// The first update of a batch, which takes the lock. It is a function of its own, not inlined, so
// that the others save no registers.
[[gnu::noinline]] Error lock_first(Vcpu& vcpu, CallHandler update, std::uint64_t first,
                                   std::uint64_t second, std::uint64_t third) {
    lock_page_tables(vcpu);
    return update(vcpu, first, second, third);
}

} // namespace

Error call_set_pxe(Vcpu& vcpu, std::uint64_t value, std::uint64_t entry, std::uint64_t flags) {
    if (is_deferred(flags)) [[unlikely]]
        return defer(vcpu, call_set_pxe, value, entry);
    if (!holds_page_table_lock(vcpu)) [[unlikely]]
        return lock_first(vcpu, call_set_pxe, value, entry, flags);
    return vcpu.machine->page_tables.set_entry(entry, value);
}

Error call_update_pxe(Vcpu& vcpu, std::uint64_t entry, std::uint64_t flags, std::uint64_t) {
    if (is_deferred(flags)) [[unlikely]]
        return defer(vcpu, call_update_pxe, entry, 0);
    if (!holds_page_table_lock(vcpu)) [[unlikely]]
        return lock_first(vcpu, call_update_pxe, entry, flags, 0);
    return vcpu.machine->page_tables.update_entry(entry);
}

Error call_allocate_page(Vcpu& vcpu, std::uint64_t frame, std::uint64_t clone,
                         std::uint64_t options) {
    if (must_pause(vcpu)) // a page table has 512 entries to judge
        return paused;
    VirtualMachine& machine = *vcpu.machine;
    lock_page_tables(vcpu);
    const abi::AllocateOptions decoded = abi::AllocateOptions::decode(options);
    const Error error = machine.page_tables.allocate(frame, clone, decoded);
    // If the root was offered for loads without an exit, the monitor must see the next load: from
    // then on the root must map the descriptor tables as they are.
    if ((decoded.flags & abi::page_flags::pml4) != 0)
        withdraw_root_everywhere(vcpu, frame);
    return error;
}

Error call_release_page(Vcpu& vcpu, std::uint64_t frame, std::uint64_t, std::uint64_t) {
    if (must_pause(vcpu))
        return paused;
    VirtualMachine& machine = *vcpu.machine;
    lock_page_tables(vcpu);
    withdraw_root_everywhere(vcpu, frame);
    return machine.page_tables.release(
        frame, [&machine](std::uint64_t number) { return is_current_root(machine, number); });
}

Error call_inval_page(Vcpu& vcpu, std::uint64_t linear, std::uint64_t, std::uint64_t) {
    ShadowTables& shadows = vcpu.machine->shadows;
    if (shadows.has_unsynced() && is_canonical(linear)) {
        lock_page_tables(vcpu);
        shadows.sync_address(current_shadow_root(vcpu), linear);
    }
    drop_for_guest(vcpu);
    return Error::none;
}

Error call_flush_tlb(Vcpu& vcpu, std::uint64_t, std::uint64_t, std::uint64_t) {
    ShadowTables& shadows = vcpu.machine->shadows;
    if (shadows.has_unsynced()) {
        lock_page_tables(vcpu);
        if (!shadows.sync(0))
            return paused;
    }
    drop_for_guest(vcpu);
    return Error::none;
}

} // namespace hv
