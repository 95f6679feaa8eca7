#pragma once
// The roots of the guest's page tables that one vCPU uses: the current one, those that it has
// loaded before, and those that the guest may load without a VM exit (docs/abi.md, "Roots without
// an exit").

#include "hypervisor/translation/shadow/root_cache.h"
#include "hypervisor/translation/shadow/shadow_pool.h"
#include "hypervisor/vmx/field.h"
#include "shared/vcpu_area.h"

#include <array>
#include <cstdint>

namespace hv {

/// A root of the guest, and its shadow table.
struct ShadowedRoot {
    std::uint64_t guest = abi::no_root;  ///< the value that the guest writes to CR3
    std::uint64_t loaded = abi::no_root; ///< the value that the processor then has in CR3
    ShadowNumber table = 0;
};

/// The value of an unused CR3-target field. It is not valid for CR3: a guest that loads it gets
/// #GP.
inline constexpr std::uint64_t no_target = ~std::uint64_t{0};

inline constexpr std::array target_fields{Field::cr3_target_value_0, Field::cr3_target_value_1,
                                          Field::cr3_target_value_2, Field::cr3_target_value_3};
static_assert(target_fields.size() == abi::root_pairs);

/// The roots of one vCPU. Only that vCPU changes them, with known.lock held; other vCPUs read them
/// before they release a root. Under shadow paging each ShadowedRoot here pins its shadow table.
struct GuestRoots {
    RootCache known;      ///< shadow paging: roots loaded before
    ShadowedRoot current; ///< not maintained where CR3 loads do not exit (modern)
    /// Shadow paging: the root outside IA-32e mode (translation/shadow/pointer_tables.h); 0: none
    /// was needed yet.
    ShadowNumber pointer_table = 0;

    std::array<ShadowedRoot, abi::root_pairs> published{};
    std::array<std::uint64_t, abi::root_pairs> targets{no_target, no_target, no_target,
                                                       no_target}; ///< as in the VMCS
    std::uint32_t limit = 0; ///< how many roots may be published: one for each CR3-target value
    std::uint32_t next = 0;  ///< index of the root that is replaced next
    /// For unaware kernels: the displaced roots, pinned. Only these are published, each in its own
    /// slot.
    std::array<ShadowNumber, abi::root_pairs> displaced{};
};

} // namespace hv
