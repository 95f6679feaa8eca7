#include "hypervisor/address_space/page_tables.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"

namespace hv {

using abi::Error;

namespace {

void mark(Vcpu& vcpu, Stale stale) {
    if (stale == Stale::all)
        vcpu.pending |= pending::all_translations;
    else if (stale == Stale::non_global)
        vcpu.pending |= pending::non_global_translations;
}

// Their ROM must not think that nothing is stale.
void leave_to(VirtualMachine& machine, std::uint64_t mask, Stale stale) {
    const std::uint64_t news =
        machine.shadows.in_use() ? machine.shadows.note_left(mask, stale) : mask;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        if ((news >> number & 1) != 0)
            machine.vcpus[number]->area->control.stale_translations = 1;
}

} // namespace

void drop_stale_translations(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    const ShadowTables::TakenStale stale = machine.page_tables.take_stale();
    if (stale.here == Stale::none)
        return;
    mark(vcpu, stale.here);
    const std::uint64_t others = machine.every_vcpu() & ~(std::uint64_t{1} << vcpu.number);
    if (others != 0 && stale.elsewhere != Stale::none && machine.shadows.in_use())
        leave_to(machine, others, stale.elsewhere);
}

void leave_stale_translations(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    const Stale stale = machine.page_tables.leave_stale();
    if (stale == Stale::none)
        return;
    const std::uint64_t own = std::uint64_t{1} << vcpu.number;
    leave_to(machine, machine.shadows.in_use() ? machine.every_vcpu() : own, stale);
    vcpu.area->control.stale_translations = 1;
}

Error set_page_table_entry(Vcpu& vcpu, std::uint64_t gpa, std::uint64_t value) {
    lock_page_tables(vcpu);
    const Error error = vcpu.machine->page_tables.set_entry(gpa, value);
    drop_stale_translations(vcpu);
    return error;
}

void set_used_bits(Vcpu& vcpu, std::uint64_t linear) {
    lock_page_tables(vcpu);
    const GuestMemory& memory = vcpu.machine->memory;
    constexpr PagingFeatures lenient{.physical_address_bits = 52, .gigabyte_pages = true};
    const PageWalk walk = walk_pages<FourLevelPaging>(
        memory, guest_cr3(vcpu) & paging::address_mask, linear, lenient);
    if (walk.end != WalkEnd::mapped)
        return;
    bool all_accessed = true;
    for (int level = FourLevelPaging::levels; level >= walk.level; --level) {
        const WalkStep& step = walk.step[static_cast<std::size_t>(level)];
        if ((step.entry & paging::accessed) != 0)
            continue;
        set_bits(step.address, paging::accessed);
        all_accessed = false;
    }
    if (all_accessed)
        set_bits(walk.step[static_cast<std::size_t>(walk.level)].address, paging::dirty);
}

} // namespace hv
