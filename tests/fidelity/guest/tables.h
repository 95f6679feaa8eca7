#pragma once
// The descriptor tables of the guest. Every descriptor has its accessed bit set, as a monitor that
// owns the tables would set it (docs/profiles.md, "hardened").

#include "tests/fidelity/guest/layout.h"

#include <cstdint>

namespace fidelity {

/// Selectors in the GDT.
inline constexpr std::uint16_t kernel_code = 0x08;
inline constexpr std::uint16_t kernel_data = 0x10;
inline constexpr std::uint16_t user_code_32 = 0x1B; // SYSRET: 0x18 and what follows
inline constexpr std::uint16_t user_data = 0x23;
inline constexpr std::uint16_t user_code = 0x2B;
inline constexpr std::uint16_t tss_selector = 0x30;
inline constexpr std::uint16_t ldt_selector = 0x40;
inline constexpr std::uint16_t kernel_code_32 = 0x50;
inline constexpr std::uint16_t kernel_code_16 = 0x58; ///< its base is the window's
inline constexpr std::uint16_t user_code_16 = 0x63;   ///< its base is the window's
inline constexpr std::uint16_t limited_data = 0x6B;   ///< ends after slot_data_2
inline constexpr std::uint16_t based_data = 0x73;     ///< begins at 0x1000
inline constexpr std::uint16_t read_only_data = 0x7B;
inline constexpr std::uint16_t expand_down_data = 0x83; ///< begins after slot_data_0
inline constexpr std::uint16_t absent_data = 0x8B;
inline constexpr std::uint16_t absent_code = 0x93;
inline constexpr std::uint16_t conforming_code = 0x9B;
inline constexpr std::uint16_t execute_only_code = 0xA3;
inline constexpr std::uint16_t absent_ldt = 0xA8;
inline constexpr std::uint64_t data_base = 0x1000; ///< of based_data

/// Selectors in the LDT.
inline constexpr std::uint16_t ldt_data = 0x0F;
inline constexpr std::uint16_t ldt_code = 0x17;
inline constexpr std::uint16_t ldt_empty = 0x1F;

/// Empty entries of the GDT and the IDT, into which cases store.
inline constexpr std::uint16_t first_spare_entry = 24;
inline constexpr std::uint16_t gdt_entries = 32;
inline constexpr std::uint16_t first_spare_vector = 0x86;
inline constexpr std::uint16_t vectors = 0x8A;
inline constexpr std::uint16_t gdt_limit = gdt_entries * 8 - 1;
inline constexpr std::uint16_t idt_limit = vectors * 16 - 1;
inline constexpr std::uint16_t ldt_limit = 4 * 8 - 1;

/// Where the tables begin in their pages.
inline constexpr std::uint64_t gdt_offset = 0x800;
inline constexpr std::uint64_t ldt_offset = 0x800;
inline constexpr std::uint64_t idt_offset = live_begin;
inline constexpr std::uint64_t tss_offset = 0x800;
static_assert(idt_offset + idt_limit + 1 <= live_end);
/// The TSS and the bitmap of the ports below 0x400.
inline constexpr std::uint16_t io_bitmap_offset = 104;
inline constexpr std::uint16_t io_bitmap_size = 0x400 / 8;
inline constexpr std::uint16_t tss_limit = io_bitmap_offset + io_bitmap_size;
static_assert(tss_offset + tss_limit < live_end);

/// Vectors with a meaning of their own; all have a gate that ring 3 may use, unless said otherwise.
inline constexpr std::uint32_t pending_vector = 0x50; ///< the interrupt that waits; ring 0 only
inline constexpr std::uint32_t timer_vector = 0x7F;   ///< wakes a case that has halted
inline constexpr std::uint32_t end_vector = 0x81;     ///< the end of a case
inline constexpr std::uint32_t plain_vector = 0x82;   ///< on the stack of the interrupted code
inline constexpr std::uint32_t kernel_vector = 0x83;  ///< ring 0 only
inline constexpr std::uint32_t trap_vector = 0x84;    ///< a trap gate
inline constexpr std::uint32_t absent_vector = 0x85;  ///< not present

/// The page of each table, filled as at the beginning of a case.
struct alignas(page_size) TablePage {
    std::uint64_t word[page_size / 8];
};
extern TablePage gdt_page;
extern TablePage ldt_page;
extern TablePage idt_page;
extern TablePage tss_page;

/// Fills the tables, loads all of them, and keeps a copy of the pages.
void initialise_tables();
/// Loads all registers of the tables, when others are in use. The pages must be as at the
/// beginning.
void load_tables();
/// Sets the stack of the exceptions that a case may put into its window (IST 1).
void set_exception_stack(std::uint64_t top);
std::uint64_t safe_exception_stack();
/// Makes the pages of the tables what they were, and loads the registers again if they differ.
void restore_tables();
/// What a page held when the case began.
const TablePage& original_of(const TablePage& page);

} // namespace fidelity
