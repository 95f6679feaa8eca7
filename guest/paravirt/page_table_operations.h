#pragma once
// Paravirt operations (operations.h): page tables and translations. Entries are named by their
// linear addresses, which set_linear_mapping must have covered; flags: shared/page_table_calls.h.

#include "guest/paravirt/call_site.h"

#include <cstdint>

// AllocatePage takes five arguments.
#define PARAVIRT_LOSES_5 "r9", "r10", "r11", "cc", "memory"
#define PARAVIRT_LOSES_4 "r8", PARAVIRT_LOSES_5

namespace guest::paravirt {

/// Writes a page-table entry.
inline void set_pxe(std::uint64_t value, std::uint64_t* entry, std::uint64_t flags = 0) {
    asm volatile(PARAVIRT_SITE(set_pxe, PARAVIRT_PAD_3, "mov %%rdi, (%%rsi)")
                 : "+D"(value), "+S"(entry), "+d"(flags)
                 :
                 : PARAVIRT_LOSES_3);
}

/// The same, and an abi::Error; 0 where the operation is native, or only queued.
[[nodiscard]] inline std::uint32_t set_pxe_checked(std::uint64_t value, std::uint64_t* entry,
                                                   std::uint64_t flags = 0) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(set_pxe, PARAVIRT_PAD_3, "mov %%rdi, (%%rsi)")
                 : "+a"(error), "+D"(value), "+S"(entry), "+d"(flags)
                 :
                 : PARAVIRT_LOSES);
    return error;
}

/// Says that the kernel has written an entry itself.
inline void update_pxe(std::uint64_t* entry, std::uint64_t flags = 0) {
    asm volatile(PARAVIRT_SITE(update_pxe, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+D"(entry), "+S"(flags)
                 :
                 : PARAVIRT_LOSES_2);
}

/// Makes a page a page table, with `count` entries from `first` on taken from the table in
/// `clone_frame` if page_flags::clone is set. Native: memory/page_tables.cpp.
inline void allocate_page(std::uint64_t frame, std::uint64_t flags, std::uint64_t clone_frame,
                          std::uint64_t first, std::uint64_t count) {
    register std::uint64_t fifth asm("r8") = count;
    asm volatile(PARAVIRT_SITE(allocate_page, PARAVIRT_PAD_1, "call native_allocate_page")
                 : "+D"(frame), "+S"(flags), "+d"(clone_frame), "+c"(first), "+r"(fifth)
                 :
                 : "rax", PARAVIRT_LOSES_5);
}

/// The same, and an abi::Error; 0 where the operation is native, or only queued.
[[nodiscard]] inline std::uint32_t allocate_page_checked(std::uint64_t frame, std::uint64_t flags,
                                                         std::uint64_t clone_frame,
                                                         std::uint64_t first, std::uint64_t count) {
    register std::uint64_t fifth asm("r8") = count;
    std::uint64_t error = 0;
    asm volatile(PARAVIRT_SITE(allocate_page, PARAVIRT_PAD_1, "call native_allocate_page")
                 : "+a"(error), "+D"(frame), "+S"(flags), "+d"(clone_frame), "+c"(first),
                   "+r"(fifth)
                 :
                 : PARAVIRT_LOSES_5);
    return static_cast<std::uint32_t>(error);
}

/// The page is no page table any more: nothing leads to it, and it is not the root in CR3.
inline void release_page(std::uint64_t frame, std::uint64_t flags) {
    asm volatile(PARAVIRT_SITE(release_page, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+D"(frame), "+S"(flags)
                 :
                 : PARAVIRT_LOSES_2);
}

/// The same, and an abi::Error; 0 where the operation is native, or only queued.
[[nodiscard]] inline std::uint32_t release_page_checked(std::uint64_t frame, std::uint64_t flags) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(release_page, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(frame), "+S"(flags)
                 :
                 : "rdx", PARAVIRT_LOSES);
    return error;
}

/// The linear pages from `linear` on lead to the frames from `frame` on. Returns an abi::Error, 0
/// where there is nobody to tell.
[[nodiscard]] inline std::uint32_t set_linear_mapping(std::uint64_t slot, std::uint64_t linear,
                                                      std::uint64_t pages, std::uint64_t frame) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(set_linear_mapping, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(slot), "+S"(linear), "+d"(pages), "+c"(frame)
                 :
                 : PARAVIRT_LOSES_4);
    return error;
}

/// Drops the translations of one page.
inline void inval_page(std::uint64_t linear) {
    asm volatile(PARAVIRT_SITE(inval_page, PARAVIRT_PAD_3, "invlpg (%%rdi)")
                 : "+D"(linear)
                 :
                 : PARAVIRT_LOSES_1);
}

/// Drops all translations but global ones. `root` is the one in CR3: natively it is loaded again.
inline void flush_tlb(std::uint64_t flags, std::uint64_t root) {
    asm volatile(PARAVIRT_SITE(flush_tlb, PARAVIRT_PAD_3, "mov %%rsi, %%cr3")
                 : "+D"(flags), "+S"(root)
                 :
                 : PARAVIRT_LOSES_2);
}

/// Drops translations of the address space `root` on the processors of a mask that run it. Only
/// where the monitor offers it: natively nothing happens. Returns an abi::Error, 0 if only queued.
[[nodiscard]] inline std::uint32_t shootdown(std::uint64_t mask, std::uint64_t root) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(shootdown, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(mask), "+S"(root)
                 :
                 : "rdx", PARAVIRT_LOSES);
    return error;
}

} // namespace guest::paravirt
