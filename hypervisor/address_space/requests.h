#pragma once
// What one vCPU asks of others, and how it knows that it was done (docs/processors.md).

#include "hypervisor/vcpu/virtual_machine.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Bits of VcpuFrame::requests.
namespace request {
inline constexpr std::uint32_t non_global_translations = 1 << 0; ///< drop them
inline constexpr std::uint32_t all_translations = 1 << 1;
inline constexpr std::uint32_t ept_translations = 1 << 2;
inline constexpr std::uint32_t withdraw_roots = 1 << 3; ///< stop offering roots without an exit
inline constexpr std::uint32_t start = 1 << 4;          ///< at Vcpu::startup_page
inline constexpr std::uint32_t reset = 1 << 5;          ///< INIT
} // namespace request

/// Asks the vCPUs in `mask`, which does not contain the caller, for `what`. When it returns, each
/// of them has either done it, or does not run the guest and will do it before it does;
/// withdraw_roots is always done. While the caller waits it serves what others ask of it, so that
/// two vCPUs that ask each other both continue.
void ask_vcpus(Vcpu& caller, std::uint64_t mask, std::uint32_t what);

// INIT and SIPI are carried out in this order when the vCPU holds no lock; the caller does not
// wait.

/// INIT. Cancels a SIPI that was not seen yet. Does nothing if the vCPU already waits for one.
void post_reset(Vcpu& caller, Vcpu& other);
/// SIPI with this vector. Does nothing if the vCPU runs and is not about to be reset.
void post_start(Vcpu& caller, Vcpu& other, std::uint8_t vector);

/// Does what others have asked of this vCPU, except start and reset. It takes no lock but that of
/// this vCPU's own roots.
void serve_requests(Vcpu& vcpu);

/// Takes what others have asked of start and reset, the two that serve_requests() leaves.
std::uint32_t take_start_requests(Vcpu& vcpu);

/// What a right that the monitor takes makes stale (translation/stale_translations.h, rule 4).
inline std::uint32_t monitors_translations(const VirtualMachine& machine) {
    return machine.shadows.in_use() ? request::all_translations : request::ept_translations;
}

/// Has every vCPU but the one that holds the page-table lock drop what a right that the monitor
/// took made stale.
void drop_elsewhere(VirtualMachine& machine);

/// Whether others have asked since this exit began that translations be dropped: what the exit says
/// of memory may no longer be true. With the page tables locked: a guest's Shootdown asks with the
/// lock held.
bool was_asked_in_exit(const Vcpu& vcpu);

/// After an exit for an NMI: whether it was a kick. If not, the NMI is the guest's, and is noted.
bool take_kick(Vcpu& vcpu);

} // namespace hv
