#pragma once
// What the sequences of differential_tests.cpp change, on one processor: as words, so that states
// are compared, and put back.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"

#include <array>
#include <cstdint>

namespace guest::tests::differential {

inline constexpr std::uint32_t spaces = 2;
inline constexpr std::uint32_t pages = 6; ///< of a processor, in each address space
inline constexpr std::uint32_t ldt_words = 8;
inline constexpr std::uint32_t ports = 8; ///< words of the I/O bitmap
inline constexpr std::uint32_t frames = 4;
inline constexpr std::uint32_t cloned_entries = 2;

/// What all processors share.
struct Shared {
    std::array<AddressSpace, spaces> space;
    std::array<std::uint64_t, frames> frame;   ///< pages whose first words say which they are
    std::uint64_t table_frame[max_processors]; ///< a page of each, registered and released
    bool needs_invalidation;                   ///< entries are written by plain stores
};
// NOLINTNEXTLINE(bugprone-dynamic-static-initializers): it is zero, and nothing initialises it.
extern Shared shared;

/// Places of words in a State.
enum Place : std::uint32_t {
    gdt, ///< the spare slot and TLS
    ldt = gdt + 4,
    bitmap = ldt + ldt_words,
    kernel_stack = bitmap + ports,
    task_switched,
    ldtr,
    debug,            ///< DR0-3
    root = debug + 4, ///< number of the address space
    entries,          ///< of the first address space, then of the other
    cloned = entries + spaces * pages,
    // What follows from them.
    contents = cloned + cloned_entries, ///< of the pages, as read; no_access
    writable = contents + pages,        ///< a bit for each
    tls_base = writable + 1,            ///< of %fs by the first TLS entry, and by the LDT's first
    words = tls_base + 2,
};
using State = std::array<std::uint64_t, words>;
inline constexpr std::uint64_t no_access = ~std::uint64_t{0};

std::uint64_t region(const Cpu& cpu);
/// The entry of a processor's page in the tables of an address space.
std::uint64_t* entry_of(const Cpu& cpu, std::uint32_t space, std::uint32_t page);
std::uint64_t* ldt_of(const Cpu& cpu);

/// Makes a processor ready: its LDT is loaded, and an address space. And as it was before.
void set_up(Cpu& cpu);
void tear_down(Cpu& cpu);

/// Nothing may be queued.
State look(Cpu& cpu);
/// Puts back all that differs, operation by operation.
void put_back(Cpu& cpu, const State& wanted);

} // namespace guest::tests::differential
