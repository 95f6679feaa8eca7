#pragma once
// This folder has what exists only for kernels that announce nothing. An *unaware* kernel, such as
// Linux, does not call the ROM and registers no page tables. Everything here saves VM exits;
// nothing here is needed for the guest to run correctly. docs/shadow.md says why each of these is
// allowed. The words:
//
// out of step     Said of a page table of level 1 that the guest writes without an exit, while
// (unsynced)      its shadow table stays as it was (shadow/unsynced_tables.h, for every kind of
//                 kernel).
//
// to sync         To apply what the guest has written to the shadow table, and to the copy with
//                 which the page table is compared.
//
// set aside       Said of a table out of step while no shadow entry leads to it. The processor
//                 cannot use its entries, so the guest may change and invalidate them without an
//                 exit. The next fault that fills shadow entries *brings back* the table, synced
//                 (aside_tables.h).
//
// load            For a root: a MOV to CR3 that exits. A root is *hot* after `hot_loads` of them.
//
// displaced       Said of a root whose shadow table lies at the root's own physical address, and
//                 the guest's page where the shadow table was. The guest's MOV to CR3 then loads
//                 the shadow table without an exit. To *restore* a root means to undo that
//                 (displaced_roots.h). The *place* of the root is where the guest's page is.
//
// tracked         Said of an entry of level 1 that is in the list of its page even if it is
//                 read-only, so that all entries can be changed when the page changes its place.
//                 Where roots may be displaced, all entries of level 1 are tracked.
//
// guess           What the kernel will most likely do next, done in advance (guesses.h).
//
// neighbours      The aligned group of `neighbours` entries around one that is used for the first
//                 time. They are used with it.
//
// emptied         Said of a root below which all shadow tables of the user half were given up
//                 once, on the guess that its process ends. If the guess was wrong, less is given
//                 up the next time.

#include <cstdint>

namespace hv::unaware {

/// The number of loads after which a root is hot.
inline constexpr std::uint8_t hot_loads = 8;
/// A number of entries; they map 256 KiB.
inline constexpr std::uint32_t neighbours = 64;

} // namespace hv::unaware
