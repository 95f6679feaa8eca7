#pragma once
// Where things lie in the fidelity guest: the kernel in the top 2 GiB, and the window, a few pages
// of the lower half in which each case runs.

#include <cstddef>
#include <cstdint>

namespace fidelity {

inline constexpr std::uint64_t page_size = 4096;
/// Linear address of physical 0 (fidelity.lds).
inline constexpr std::uint64_t kernel_base = 0xFFFFFFFF80000000;
/// The local APIC's registers (entry.S).
inline constexpr std::uint64_t local_apic = 0xFFFFFFFFFEE00000;

inline std::uint64_t address_of(const volatile void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}
inline std::uint64_t physical_of(const volatile void* pointer) {
    return address_of(pointer) - kernel_base;
}

/// The window's first page. Its entries lie in the middle of its page table and page directory (at
/// 0x400), as the live parts of the descriptor tables lie in the middle of their pages.
inline constexpr std::uint64_t window_base = 0x50080000;
/// The entry of the top-level table, of the page-directory-pointer table, and of the page directory
/// that lead to the window; and that of its first page in the page table.
inline constexpr std::size_t window_pml4_index = 0;
inline constexpr std::size_t window_pdpt_index = 1;
inline constexpr std::size_t window_directory_index = 128;
inline constexpr std::size_t window_table_index = 128;
/// A 2 MiB page that maps the kernel's data once more follows the window's page table.
inline constexpr std::uint64_t large_page_base = 0x50200000;

/// What the pages of the window are.
enum Slot : std::uint32_t {
    slot_code,
    slot_code_end, ///< for instructions that cross a page
    slot_stack_low,
    slot_stack,
    slot_data_0,
    slot_data_1,
    slot_data_2,
    slot_data_3,
    slot_gdt,
    slot_data_4,
    slot_ldt,
    slot_idt,
    slot_tss,
    slot_page_table,
    slot_page_directory,
    slot_data_5,
    slot_exception_low,
    slot_exception, ///< the stack of exceptions in some cases
    slot_data_6,
    slot_data_7,
    slot_absent_0, ///< not present at the beginning
    slot_absent_1,
    slot_count,
};

constexpr std::uint64_t slot_address(std::uint32_t slot) { return window_base + slot * page_size; }

/// In every page of tables the live part lies in [live_begin, live_end): GDT and LDT, IDT, TSS, and
/// the entries of the window. A case may store anything in the rest.
inline constexpr std::uint64_t live_begin = 0x400;
inline constexpr std::uint64_t live_end = 0xCA0;
/// Offsets of targets: from here a string instruction of 0x140 bytes in either direction stays
/// outside the live part, or leaves the page.
inline constexpr std::uint64_t front_begin = 0x140;
inline constexpr std::uint64_t front_end = 0x2C0;
inline constexpr std::uint64_t tail_begin = 0xE00;

/// Where in the page of the code an instruction stands that ends the case, for transfers of
/// control.
inline constexpr std::uint64_t early_end_offset = 0x180;
/// Where in that page the code begins, unless it is to cross the end of the page.
inline constexpr std::uint64_t code_offset = 0x200;
/// The frame of large_page_base, and how much of it a case may use.
inline constexpr std::uint64_t large_frame = 0x2000000;
inline constexpr std::uint64_t large_page_used = 0x600;

} // namespace fidelity
