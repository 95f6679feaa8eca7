#pragma once
// The roots of the guest's page tables that one vCPU knows: the current one, and those that the
// guest may load without a VM exit (docs/abi.md, "Roots without an exit").

#include "hypervisor/translation/shadow/root_cache.h"
#include "hypervisor/translation/shadow/shadow_pool.h"
#include "hypervisor/vmx/field.h"
#include "shared/vcpu_area.h"

#include <array>
#include <cstdint>

namespace hv {

/// A root of the guest's and its shadow.
struct ShadowedRoot {
    std::uint64_t guest = abi::no_root;  ///< as the guest writes it to CR3
    std::uint64_t loaded = abi::no_root; ///< what the processor's CR3 then holds
    ShadowNumber table = 0;
};

/// The value of an unused CR3-target field: no value for CR3, so a guest that tries it gets #GP.
inline constexpr std::uint64_t no_target = ~std::uint64_t{0};

inline constexpr std::array target_fields{Field::cr3_target_value_0, Field::cr3_target_value_1,
                                          Field::cr3_target_value_2, Field::cr3_target_value_3};
static_assert(target_fields.size() == abi::root_pairs);

/// The roots of one vCPU. Only that vCPU changes them, with known.lock held; other vCPUs read them
/// before they let a root go. Under shadow paging each root named here pins its shadow.
struct GuestRoots {
    RootCache known;      ///< shadow paging: roots loaded before
    ShadowedRoot current; ///< where CR3 loads do not exit (modern) it is not kept

    std::array<ShadowedRoot, abi::root_pairs> published{};
    std::array<std::uint64_t, abi::root_pairs> targets{no_target, no_target, no_target,
                                                       no_target}; ///< as in the VMCS
    std::uint32_t limit = 0; ///< roots that may be published: CR3-target values; 0: none ever
    std::uint32_t next = 0;  ///< which is given up next
    /// Unaware kernels: roots whose shadow lies where the guest has its root, pinned. Only these
    /// are published, each in its own slot.
    std::array<ShadowNumber, abi::root_pairs> displaced{};
};

} // namespace hv
