#pragma once
// Calls to the monitor that bypass the ROM: by VMCALL, and by entries forged in the ring.

#include "guest/hostile/attempt.h"
#include "guest/kernel/paravirt/monitor_call.h"

#include <cstdint>
#include <span>

namespace guest::hostile {

using paravirt::vcpu_area;
using paravirt::vmcall;

/// Writes an entry at the tail, whatever the lazy mode is, and moves the tail.
void forge_entry(std::uint64_t call, std::uint64_t first = 0, std::uint64_t second = 0,
                 std::uint64_t third = 0);

/// Makes the monitor drain the ring. Returns the Error of the batch, which is then not reported
/// again.
std::uint64_t drain();

/// A call that the monitor must refuse.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order in which it is read.
struct Refusal {
    abi::Call call;
    std::uint64_t argument[3];
    abi::Error expected;
};
/// Makes each call by VMCALL, and by a ring entry where the call may be queued.
void expect_refusals(Attempt& attempt, std::span<const Refusal> refusals);

/// Whether the monitor still works: it executes a batch of descriptor writes or, on modern, returns
/// from an empty call.
bool monitor_is_alive();

/// A descriptor that identifies the step that wrote it.
std::uint64_t marker(std::uint64_t step);
/// Whether a slot of this processor's GDT holds `descriptor`.
bool gdt_holds(std::uint64_t slot, std::uint64_t descriptor);

/// Whether the monitor owns descriptor tables and page tables: all profiles but modern.
bool monitor_owns_tables();

/// The guest-physical address of the monitor's memory.
std::uint64_t monitors_memory();

/// A guest-physical address above all of the guest's memory and below the devices.
inline constexpr std::uint64_t no_memory = 0x30000000;

} // namespace guest::hostile
