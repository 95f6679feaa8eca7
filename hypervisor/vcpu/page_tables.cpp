#include "hypervisor/vcpu/page_tables.h"

#include "hypervisor/vcpu/guest_root.h"
#include "hypervisor/vcpu/pending.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

using abi::Error;

void drop_stale_translations(Vcpu& vcpu) {
    switch (vcpu.machine->page_tables.take_stale()) {
    case Stale::none:
        break;
    case Stale::non_global:
        vcpu.pending |= pending::non_global_translations;
        break;
    case Stale::all:
        vcpu.pending |= pending::all_translations;
        break;
    }
}

Error set_page_table_entry(Vcpu& vcpu, std::uint64_t gpa, std::uint64_t value) {
    const Error error = vcpu.machine->page_tables.set_entry(gpa, value, vcpu.tables);
    drop_stale_translations(vcpu);
    return error;
}

void set_used_bits(Vcpu& vcpu, std::uint64_t linear) {
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
