#pragma once
// What a vCPU asks of others, and how it knows that it has been done (docs/processors.md).

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
inline constexpr std::uint32_t leave_guest = 1 << 6;    ///< nothing more
inline constexpr std::uint32_t finish_call = 1 << 7;    ///< nothing more, after the call it is in
} // namespace request

/// Asks the vCPUs in `mask`, which does not contain the caller, to do `what`. When the function
/// returns, each of them has either done it, or does not run the guest and will do it before it
/// runs the guest again. withdraw_roots and finish_call have always been done. While the caller
/// waits it serves what others ask of it, so that two vCPUs that ask each other both continue.
void ask_vcpus(Vcpu& caller, std::uint64_t mask, std::uint32_t what);

/// Returns when every other vCPU has ended the call that it was executing, or waits in it for the
/// page-table lock, which the caller holds.
void finish_calls_elsewhere(Vcpu& caller);

// The vCPU carries out INIT before SIPI, and only while it holds no lock. The caller does not wait.

/// INIT. Cancels a SIPI that has not been seen yet. Does nothing if the vCPU already waits for a
/// SIPI.
void post_reset(Vcpu& caller, Vcpu& other);
/// SIPI with this vector. Does nothing if the vCPU runs and is not about to be reset.
void post_start(Vcpu& caller, Vcpu& other, std::uint8_t vector);

/// Does what others have asked of this vCPU, except start and reset. Takes no lock except that of
/// this vCPU's own roots.
void serve_requests(Vcpu& vcpu);

/// Takes the requests for start and reset, the two that serve_requests() leaves.
std::uint32_t take_start_requests(Vcpu& vcpu);

/// The translations that become stale when the monitor takes a right away
/// (translation/stale_translations.h, rule 4).
inline std::uint32_t monitors_translations(const VirtualMachine& machine) {
    return machine.shadows.in_use() ? request::all_translations : request::ept_translations;
}

/// Makes every vCPU, except the one that holds the page-table lock, drop these translations.
void drop_elsewhere(VirtualMachine& machine);

/// Whether others have asked, since this exit began, that translations be dropped. What the exit
/// says about memory may then no longer be true. To be called with the page tables locked, since a
/// guest's Shootdown asks with the lock held.
bool was_asked_in_exit(const Vcpu& vcpu);

/// After an exit that was caused by an NMI: returns whether it was a kick. If not, the NMI is meant
/// for the guest, and is noted.
bool take_kick(Vcpu& vcpu);

} // namespace hv
