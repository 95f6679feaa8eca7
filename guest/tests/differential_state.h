#pragma once
// What the sequences of differential_tests.cpp change on one processor, as an array of words, so
// that states can be compared and restored.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"

#include <array>
#include <cstdint>

namespace guest::tests::differential {

inline constexpr std::uint32_t spaces = 2;
inline constexpr std::uint32_t pages = 6; ///< pages of each processor in each address space
inline constexpr std::uint32_t ldt_words = 8;
inline constexpr std::uint32_t ports = 8; ///< number of words of the I/O bitmap
inline constexpr std::uint32_t frames = 4;
inline constexpr std::uint32_t cloned_entries = 2;

/// The data that all processors share.
struct Shared {
    std::array<AddressSpace, spaces> space;
    std::array<std::uint64_t, frames> frame; ///< pages whose first words identify them
    std::uint64_t
        table_frame[max_processors]; ///< a page of each processor that is registered and released
    bool needs_invalidation;         ///< entries are written by plain stores
};
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): it is zero, and nothing initialises it.
extern Shared shared;

/// Indices of words in a State.
enum Place : std::uint32_t {
    gdt, ///< the spare slot and TLS
    ldt = gdt + 4,
    bitmap = ldt + ldt_words,
    kernel_stack = bitmap + ports,
    task_switched,
    ldtr,
    debug,            ///< DR0-3
    root = debug + 4, ///< number of the address space in CR3
    entries,          ///< entries of the first address space, then of the other
    cloned = entries + spaces * pages,
    // What follows from them.
    contents = cloned + cloned_entries, ///< contents of the pages, as read; or no_access
    writable = contents + pages,        ///< a bit for each page
    tls_base = writable +
               1, ///< base of %fs loaded with the first TLS entry, and with the LDT's first entry
    words = tls_base + 2,
};
using State = std::array<std::uint64_t, words>;
inline constexpr std::uint64_t no_access = ~std::uint64_t{0};

std::uint64_t region(const Cpu& cpu);
/// Returns the entry of a processor's page in the page tables of an address space.
std::uint64_t* entry_of(const Cpu& cpu, std::uint32_t space, std::uint32_t page);
std::uint64_t* ldt_of(const Cpu& cpu);

/// `set_up` prepares a processor: loads its LDT and an address space. `tear_down` undoes that.
void set_up(Cpu& cpu);
void tear_down(Cpu& cpu);

/// Returns the current state. Nothing may be queued.
State look(Cpu& cpu);
/// Restores every word that differs from `wanted`, one operation each.
void put_back(Cpu& cpu, const State& wanted);

} // namespace guest::tests::differential
