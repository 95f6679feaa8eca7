#pragma once
// The monitor's counters. They are mapped read-only into the guest, which reads them without a VM
// exit.

#include "shared/call_limit.h"
#include "shared/exit_reason.h"
#include "shared/guest_physical_layout.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace abi {

/// What kind of access caused a VM exit with the reason CR_ACCESS.
enum class ControlRegisterAccess : std::uint8_t {
    mov_to_cr0 = 0,
    mov_to_cr3,
    mov_to_cr4,
    mov_from_cr3,
    clts,
    lmsw,
    other,
};
inline constexpr std::uint32_t control_register_access_count = 7;
inline constexpr std::array<std::string_view, control_register_access_count>
    control_register_access_names{"MOV_TO_CR0", "MOV_TO_CR3", "MOV_TO_CR4", "MOV_FROM_CR3",
                                  "CLTS",       "LMSW",       "OTHER"};

/// What kind of memory access caused an EPT_VIOLATION, or on classic an EXCEPTION_NMI that is a
/// page fault.
enum class MemoryAccess : std::uint8_t {
    gdt_write = 0, ///< a store to the GDT, emulated in this one VM exit
    ldt_write,
    idt_write,
    tss_write,
    stepped_write, ///< not a plain store: an instruction or event that ran as a single step
    unprotected,   ///< a store to a protected page, but not to the table in it
    refused,       ///< ended in an exception for the guest
    other,
    table_write,    ///< a store to a page table, emulated in this one VM exit
    table_unsynced, ///< classic: a page table is left unsynchronised; its stores no longer exit
    shadow_filled,  ///< classic: the guest's page tables allow it, the shadow did not yet
    reflected,      ///< classic: the guest's own page fault, delivered to it
};
inline constexpr std::uint32_t memory_access_count = 12;
inline constexpr std::array<std::string_view, memory_access_count> memory_access_names{
    "GDT_WRITE", "LDT_WRITE", "IDT_WRITE",   "TSS_WRITE",      "STEPPED_WRITE", "UNPROTECTED",
    "REFUSED",   "OTHER",     "TABLE_WRITE", "TABLE_UNSYNCED", "SHADOW_FILLED", "REFLECTED"};

/// A count by MSR or by port: keys that are too sparse to be indices of an array.
struct KeyedCount {
    std::uint32_t key;
    std::uint32_t unused;
    std::uint64_t count;
};
static_assert(sizeof(KeyedCount) == 16);
inline constexpr std::uint32_t keyed_counts = 16;

/// The counters of one vCPU, free-running since it started. Ticks are those of the TSC: one for
/// each instruction in Bochs, cycles on a processor.
struct alignas(4096) Statistics {
    std::uint64_t exits;                   ///< all VM exits
    std::uint64_t monitor_ticks;           ///< ticks between VM exit and VM entry
    std::uint64_t vmcs_accesses;           ///< VMREADs and VMWRITEs while handling exits
    std::uint64_t flushes;                 ///< drains that found at least one entry
    std::uint64_t drained;                 ///< entries executed
    std::uint64_t refused;                 ///< hypercalls and entries refused
    std::uint64_t discarded;               ///< entries that followed a refused one in the ring
    std::uint64_t injected;                ///< exceptions that the monitor injected
    std::uint64_t exit[exit_reason_limit]; ///< by ExitReason
    std::uint64_t hypercall[call_limit];   ///< VMCALLs by Call
    std::uint64_t entry[call_limit];       ///< drained entries by Call
    std::uint64_t control_register[control_register_access_count];
    std::uint64_t memory[memory_access_count];
    std::uint64_t shadow_built;     ///< classic: shadow tables built
    std::uint64_t shadow_rebuilt;   ///< those among them that had been reclaimed before
    std::uint64_t shadow_reclaimed; ///< shadow tables dropped to make room for others
    std::uint64_t shadow_ticks;     ///< ticks in page faults that filled shadow tables
    std::uint64_t shadow_in_use;    ///< shadow tables that exist now: a level, not a counter
    std::uint64_t shadow_limit;     ///< how many shadow tables can exist: also a level
    std::uint64_t lock_taken;       ///< times this vCPU took the page-table lock
    std::uint64_t lock_waited;      ///< times another vCPU was holding it then
    std::uint64_t lock_ticks;       ///< ticks spent waiting for it
    std::uint64_t shootdowns;       ///< times this vCPU had others drop translations
    std::uint64_t kicks_sent;       ///< vCPUs it forced out of the guest for that
    std::uint64_t kicks_received;   ///< times this vCPU was forced out of the guest itself
    KeyedCount msr[keyed_counts];   ///< MSR_READ and MSR_WRITE by MSR; the last counts the rest
    KeyedCount port[keyed_counts];  ///< IO_INSTRUCTION by port; the last counts the rest
};
static_assert(sizeof(Statistics) == page_size);

} // namespace abi
