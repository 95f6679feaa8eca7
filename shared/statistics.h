#pragma once
// The monitor's counters, mapped read-only into the guest: read without an exit.

#include "shared/call_number.h"
#include "shared/exit_reason.h"
#include "shared/guest_physical_layout.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace abi {

/// Sub-reasons of CR_ACCESS.
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

/// Sub-reasons of EPT_VIOLATION, and of EXCEPTION_NMI where that is a page fault (classic).
enum class MemoryAccess : std::uint8_t {
    gdt_write = 0, ///< a store to the GDT, emulated in this one exit
    ldt_write,
    idt_write,
    tss_write,
    stepped_write, ///< no plain store: executed as a single step
    unprotected,   ///< a store beside the table in a protected page
    refused,       ///< ended in an exception for the guest
    other,
    table_write,    ///< a store to a page table, emulated in this one exit
    table_unsynced, ///< classic: a page table is left out of step; stores to it exit no more
    shadow_filled,  ///< classic: the guest's tables allow the access, the shadow did not yet
    reflected,      ///< classic: the guest's own page fault, given to it
};
inline constexpr std::uint32_t memory_access_count = 12;
inline constexpr std::array<std::string_view, memory_access_count> memory_access_names{
    "GDT_WRITE", "LDT_WRITE", "IDT_WRITE",   "TSS_WRITE",      "STEPPED_WRITE", "UNPROTECTED",
    "REFUSED",   "OTHER",     "TABLE_WRITE", "TABLE_UNSYNCED", "SHADOW_FILLED", "REFLECTED"};

/// A count for a key that is too sparse to index a table: an MSR or a port.
struct KeyedCount {
    std::uint32_t key;
    std::uint32_t unused;
    std::uint64_t count;
};
static_assert(sizeof(KeyedCount) == 16);
inline constexpr std::uint32_t keyed_counts = 16;

/// Counters of one vCPU, free-running since it started. Ticks are those of the TSC: in Bochs one
/// instruction each, on a processor cycles.
struct alignas(4096) Statistics {
    std::uint64_t exits;                   ///< all VM exits
    std::uint64_t monitor_ticks;           ///< spent between VM exit and VM entry
    std::uint64_t vmcs_accesses;           ///< VMREADs and VMWRITEs in exit handling
    std::uint64_t flushes;                 ///< drains that found at least one entry
    std::uint64_t drained;                 ///< entries executed
    std::uint64_t refused;                 ///< hypercalls and entries refused
    std::uint64_t discarded;               ///< entries that stood behind a refused one
    std::uint64_t injected;                ///< exceptions given to the guest by the monitor
    std::uint64_t exit[exit_reason_limit]; ///< by ExitReason
    std::uint64_t hypercall[call_limit];   ///< VMCALLs by Call
    std::uint64_t entry[call_limit];       ///< drained entries by Call
    std::uint64_t control_register[control_register_access_count];
    std::uint64_t memory[memory_access_count];
    std::uint64_t shadow_built;     ///< classic: shadow tables made
    std::uint64_t shadow_rebuilt;   ///< of those, made again after they had been reclaimed
    std::uint64_t shadow_reclaimed; ///< shadow tables dropped because memory for others was needed
    std::uint64_t shadow_ticks;     ///< spent in page faults that filled shadow tables
    std::uint64_t shadow_in_use;    ///< shadow tables there are now: no counter, a level
    std::uint64_t shadow_limit;     ///< and how many there can be
    std::uint64_t lock_taken;       ///< times this vCPU took the lock of the page tables
    std::uint64_t lock_waited;      ///< of those, times another vCPU held it
    std::uint64_t lock_ticks;       ///< spent waiting for it
    std::uint64_t shootdowns;       ///< times it dropped translations of other vCPUs
    std::uint64_t kicks_sent;       ///< vCPUs it brought out of the guest for that
    std::uint64_t kicks_received;   ///< times it was brought out itself
    KeyedCount msr[keyed_counts];   ///< MSR_READ and MSR_WRITE by MSR; the last one takes the rest
    KeyedCount port[keyed_counts];  ///< IO_INSTRUCTION by port; the last one takes the rest
};
static_assert(sizeof(Statistics) == page_size);

} // namespace abi
