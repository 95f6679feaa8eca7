#pragma once
// The window: the memory and the page tables in which a case runs. The kernel reaches the same
// memory through its own half, so that looking at it changes no accessed or dirty bit.

#include "tests/fidelity/guest/layout.h"
#include "tests/fidelity/guest/text.h"

#include <array>
#include <cstdint>

namespace fidelity::window {

// Bits of page-table entries.
inline constexpr std::uint64_t present = 1 << 0;
inline constexpr std::uint64_t writable = 1 << 1;
inline constexpr std::uint64_t user = 1 << 2;
inline constexpr std::uint64_t accessed = 1 << 5;
inline constexpr std::uint64_t dirty = 1 << 6;
inline constexpr std::uint64_t large = 1 << 7;
inline constexpr std::uint64_t no_execute = std::uint64_t{1} << 63;

/// The bits, without the frame, of the entries that map the window.
struct Rights {
    std::array<std::uint64_t, slot_count> page;
    std::uint64_t directory_entry; ///< leads to the window's page table
    std::uint64_t large_page;      ///< maps large_page_base
    std::uint64_t pointer_entry;   ///< leads to the page directory
    std::uint64_t top_level_entry;
};

/// Builds the page tables. Must be called once, with the low half not in use.
void initialise();
/// Puts page tables and memory into the state in which a case begins, and drops translations.
void reset(const Rights& rights);
/// Where the kernel sees a linear address of the window; nullptr outside.
std::uint8_t* alias(std::uint64_t linear);
/// Stores bytes at a linear address; those outside the window are left out.
void poke(std::uint64_t linear, const std::uint8_t* bytes, std::size_t count);
/// Keeps what memory holds now, as that with which describe_changes compares.
void note_beginning();
/// Makes the page of a linear address present, writable and for ring 3. False outside the window.
bool repair(std::uint64_t linear);
/// Says which words and which page-table entries have changed since the beginning.
void describe_changes(Report& report);
/// What CR3 holds: the root, or another one that is its copy.
std::uint64_t root();
std::uint64_t other_root();

} // namespace fidelity::window
