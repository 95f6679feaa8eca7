#pragma once
// What exists only for kernels that announce nothing: an *unaware* kernel, such as Linux, which
// does not call the ROM and registers no page table. All of it saves VM exits, and none of it is
// needed for the guest to be right. docs/shadow.md tells why each is allowed. The words:
//
// out of step     A page table of level 1 that the guest writes without an exit, while its shadow
// (unsynced)      table stays as it was (shadow/unsynced_tables.h, for every kind of kernel).
//
// to sync         To have the shadow table, and the copy that is compared with the page table,
//                 follow what the guest has written.
//
// set aside       A table out of step to which no shadow entry leads for the time being. The
//                 processor cannot use what it says, so the guest may change and invalidate its
//                 entries without an exit. It is *brought back*, synced, by the next fault that
//                 fills shadow entries (aside_tables.h).
//
// load            Of a root: a MOV to CR3 that exits. A root is *hot* after `hot_loads` of them.
//
// displaced       A root whose shadow table lies at the root's own physical address, and the
// guest's
//                 page where the shadow table was, so that the guest's MOV to CR3 loads the shadow
//                 table without an exit. To *restore* a root is to undo that (displaced_roots.h).
//                 Its *place* is where the guest's page is.
//
// tracked         An entry of level 1 that is in the list of its page even if it is read-only, so
//                 that all entries follow when the page changes its place. Where roots may be
//                 displaced, all entries are.
//
// guess           What the kernel will most likely do next, done for it now (guesses.h).
//
// neighbours      The entries around one that is used for the first time, as many as `neighbours`
//                 says, aligned. They are used with it.
//
// emptied         A root below which all shadow tables of the user's half were given up once, on
// the
//                 guess that its process ends. When the guess is wrong, less is given up the next
//                 time.

#include <cstdint>

namespace hv::unaware {

/// Loads after which a root counts as hot.
inline constexpr std::uint8_t hot_loads = 8;
/// Entries, which map 256 KiB.
inline constexpr std::uint32_t neighbours = 64;

} // namespace hv::unaware
