#include "hypervisor/address_space/guest_paging.h"

#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"

#include <array>

namespace hv {

namespace {

/// PAE paging below the four entries that the processor has loaded with CR3.
struct PaeTables : PaePaging {
    static constexpr int levels = 2;
};

/// 32-bit paging with CR4.PSE clear: PS is ignored.
struct ThirtyTwoBitPagingWithoutPse : ThirtyTwoBitPaging {
    static constexpr bool maps_page(Entry, int level) { return level == 1; }
    static constexpr std::uint64_t reserved(Entry, int, const PagingFeatures&) { return 0; }
};

PageWalk walk_pae(const Vcpu& vcpu, std::uint64_t linear) {
    constexpr std::array pointers{Field::guest_pdpte0, Field::guest_pdpte1, Field::guest_pdpte2,
                                  Field::guest_pdpte3};
    const VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t pointer =
        vcpu.vmcs.read(pointers[PaePaging::index(linear, PaePaging::levels)]);
    if ((pointer & paging::present) == 0) {
        PageWalk walk;
        walk.level = PaePaging::levels;
        return walk;
    }
    return walk_pages<PaeTables>(machine.memory, pointer & paging::address_mask, linear,
                                 machine.features);
}

int levels_in_memory(PagingMode mode) {
    switch (mode) {
    case PagingMode::none:
        break;
    case PagingMode::two_level:
        return ThirtyTwoBitPaging::levels;
    case PagingMode::pae:
        return PaeTables::levels;
    case PagingMode::four_level:
        return FourLevelPaging::levels;
    }
    return 0;
}

} // namespace

PagingMode paging_mode(const Vcpu& vcpu) {
    if ((vcpu.efer & efer::long_mode_active) != 0)
        return PagingMode::four_level;
    if ((guest_cr0(vcpu) & cr0::paging) == 0)
        return PagingMode::none;
    return (guest_cr4(vcpu) & cr4::physical_address_extension) != 0 ? PagingMode::pae
                                                                    : PagingMode::two_level;
}

PageWalk walk_in_mode(const Vcpu& vcpu, PagingMode mode, std::uint64_t linear) {
    const VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t root = vcpu.vmcs.read(Field::guest_cr3) & paging::address_mask;
    switch (mode) {
    case PagingMode::none: {
        PageWalk walk;
        walk.end = WalkEnd::mapped;
        walk.gpa = linear;
        return walk;
    }
    case PagingMode::two_level:
        if ((guest_cr4(vcpu) & cr4::page_size_extensions) != 0)
            return walk_pages<ThirtyTwoBitPaging>(machine.memory, root, linear, machine.features);
        return walk_pages<ThirtyTwoBitPagingWithoutPse>(machine.memory, root, linear,
                                                        machine.features);
    case PagingMode::pae:
        return walk_pae(vcpu, linear);
    case PagingMode::four_level:
        break;
    }
    return walk_pages<FourLevelPaging>(machine.memory, root, linear, machine.features);
}

void mark_used_in_mode(PagingMode mode, const PageWalk& walk, bool write) {
    for (int level = levels_in_memory(mode); level >= walk.level && level > 0; --level) {
        const bool dirties = write && level == walk.level;
        const std::uint32_t used = paging::accessed | (dirties ? paging::dirty : 0);
        // The bits lie in the low half of entries of either size.
        auto* const entry = reinterpret_cast<std::uint32_t*>(
            direct_pointer(walk.step[static_cast<std::size_t>(level)].address));
        __atomic_fetch_or(entry, used, __ATOMIC_SEQ_CST);
    }
}

} // namespace hv
