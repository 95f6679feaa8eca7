#include "hypervisor/address_space/page_tables.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"

namespace hv {

using abi::Error;

Error set_page_table_entry(Vcpu& vcpu, std::uint64_t gpa, std::uint64_t value) {
    lock_page_tables(vcpu);
    return vcpu.machine->page_tables.set_entry(gpa, value);
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
