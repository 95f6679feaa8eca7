#include "hypervisor/address_space/guest_paging.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/msr.h"

#include <algorithm>
#include <array>

namespace hv {

namespace {

constexpr std::uint64_t no_address = ~std::uint64_t{0};
constexpr std::uint64_t low_half = 0xFFFFFFFF;

/// PAE paging below the four entries that the processor has loaded with CR3.
struct PaeTables : PaePaging {
    static constexpr int levels = 2;
};

/// 32-bit paging with CR4.PSE clear: PS is ignored.
struct ThirtyTwoBitPagingWithoutPse : ThirtyTwoBitPaging {
    static constexpr bool maps_page(Entry, int level) { return level == 1; }
    static constexpr std::uint64_t reserved(Entry, int, const PagingFeatures&) { return 0; }
};

// The entry of the highest level that was loaded with CR3.
std::uint64_t loaded_pointer(const Vcpu& vcpu, std::uint64_t linear) {
    constexpr std::array pointers{Field::guest_pdpte0, Field::guest_pdpte1, Field::guest_pdpte2,
                                  Field::guest_pdpte3};
    const auto index = static_cast<std::uint32_t>(PaePaging::index(linear, PaePaging::levels));
    const ShadowTables& shadows = vcpu.machine->shadows;
    return shadows.in_use() ? shadows.pointer(vcpu.roots.pointer_table, index)
                            : vcpu.vmcs.read(pointers[index]);
}

PageWalk walk_pae(const Vcpu& vcpu, std::uint64_t linear) {
    const VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t pointer = loaded_pointer(vcpu, linear);
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

PagingMode paging_mode_of(std::uint64_t cr0, std::uint64_t cr4, std::uint64_t efer) {
    if ((efer & efer::long_mode_active) != 0)
        return PagingMode::four_level;
    if ((cr0 & cr0::paging) == 0)
        return PagingMode::none;
    return (cr4 & cr4::physical_address_extension) != 0 ? PagingMode::pae : PagingMode::two_level;
}

PagingMode paging_mode(const Vcpu& vcpu) {
    return paging_mode_of(guest_cr0(vcpu), guest_cr4(vcpu), vcpu.efer);
}

std::uint64_t read_pae_pointer(const VirtualMachine& machine, std::uint64_t cr3,
                               std::uint32_t index) {
    constexpr std::uint64_t table_mask = 0xFFFFFFE0;
    return machine.memory
        .read<std::uint64_t>((cr3 & table_mask) + std::uint64_t{index} * paging::entry_size)
        .value_or(0);
}

bool is_valid_pae_pointer(const VirtualMachine& machine, std::uint64_t entry) {
    return (entry & paging::present) == 0 ||
           (entry & PaePaging::reserved(entry, PaePaging::levels, machine.features)) == 0;
}

std::optional<PointerTables::Pointers> pointers_of(const VirtualMachine& machine, PagingMode mode,
                                                   std::uint64_t cr3) {
    constexpr std::uint64_t gibibyte = std::uint64_t{1} << 30;
    PointerTables::Pointers pointers{};
    for (std::uint32_t index = 0; index < pointers.size(); ++index) {
        if (mode == PagingMode::none) {
            pointers[index] = PointerTables::pointer_to(index * gibibyte, true);
        } else if (mode == PagingMode::two_level) {
            pointers[index] = PointerTables::pointer_to(cr3 & paging::address_mask);
        } else {
            const std::uint64_t entry = read_pae_pointer(machine, cr3, index);
            if (!is_valid_pae_pointer(machine, entry))
                return std::nullopt;
            if ((entry & paging::present) != 0)
                pointers[index] = PointerTables::pointer_to(entry & paging::address_mask);
        }
    }
    return pointers;
}

PageWalk walk_in_mode(Vcpu& vcpu, PagingMode mode, std::uint64_t linear) {
    const VirtualMachine& machine = *vcpu.machine;
    const std::uint64_t root = guest_cr3(vcpu) & paging::address_mask;
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

std::optional<std::uint64_t> translate_in_mode(Vcpu& vcpu, std::uint64_t linear) {
    const PagingMode mode = paging_mode(vcpu);
    if (mode == PagingMode::four_level && !is_canonical(linear))
        return std::nullopt;
    const PageWalk walk = walk_in_mode(vcpu, mode, linear);
    return walk.end == WalkEnd::mapped ? std::optional{walk.gpa} : std::nullopt;
}

std::uint32_t fetch_code_in_mode(Vcpu& vcpu, std::uint64_t linear, std::uint8_t* bytes,
                                 std::uint32_t size) {
    const GuestMemory& memory = vcpu.machine->memory;
    if (paging_mode(vcpu) == PagingMode::four_level)
        return fetch_guest_code(memory, guest_cr3(vcpu), linear, bytes, size);
    std::uint32_t done = 0;
    while (done < size) {
        const auto gpa = translate_in_mode(vcpu, (linear + done) & low_half);
        if (!gpa)
            break;
        const auto part = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(size - done, page_size - *gpa % page_size));
        if (!memory.contains(*gpa, part))
            break;
        copy_from_guest(bytes + done, *gpa, part);
        done += part;
    }
    return done;
}

void mark_used_in_mode(const Vcpu& vcpu, PagingMode mode, PageWalk& walk, bool write) {
    VirtualMachine& machine = *vcpu.machine;
    for (int level = levels_in_memory(mode); level >= walk.level && level > 0; --level) {
        const bool dirties = write && level == walk.level;
        const std::uint32_t used = paging::accessed | (dirties ? paging::dirty : 0);
        WalkStep& step = walk.step[static_cast<std::size_t>(level)];
        if ((step.entry & used) == used)
            continue;
        step.entry |= used;
        // The bits lie in the low half of entries of either size.
        auto* const entry = reinterpret_cast<std::uint32_t*>(direct_pointer(step.address));
        __atomic_fetch_or(entry, used, __ATOMIC_SEQ_CST);
        if (!machine.shadows.in_use())
            continue;
        const std::uint64_t word = align_down(step.address, sizeof(std::uint64_t));
        machine.shadows.note_guest_bits(*machine.frames.of_address(word), step.address,
                                        direct_word<std::uint64_t>(word));
    }
}

void widen_walk(Vcpu& vcpu, PagingMode mode, PageWalk& walk, std::uint64_t linear) {
    constexpr int top = PaePaging::levels;
    if (mode == PagingMode::none)
        walk.level = top;
    const bool has_large_pages = (guest_cr4(vcpu) & cr4::page_size_extensions) != 0;
    for (int level = walk.level; mode == PagingMode::two_level && level < top; ++level) {
        WalkStep& step = walk.step[static_cast<std::size_t>(level)];
        step.entry = widen_entry(static_cast<std::uint32_t>(step.entry), level,
                                 static_cast<std::uint32_t>(PaePaging::index(linear, level)),
                                 has_large_pages);
    }
    // No page holds it that the guest could write to.
    walk.step[top] = {no_address, loaded_pointer(vcpu, linear)};
    walk.step[FourLevelPaging::levels].address = no_address;
}

} // namespace hv
