#pragma once
// Paravirt operations (operations.h): page tables and translations. An entry is named by its linear
// address, which must lie in a range given to set_linear_mapping. The flags are in
// shared/page_table_calls.h.

#include "guest/kernel/paravirt/call_site.h"

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

/// The same, but returns an abi::Error; 0 where the operation is native, or only queued.
[[nodiscard]] inline std::uint32_t set_pxe_checked(std::uint64_t value, std::uint64_t* entry,
                                                   std::uint64_t flags = 0) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(set_pxe, PARAVIRT_PAD_3, "mov %%rdi, (%%rsi)")
                 : "+a"(error), "+D"(value), "+S"(entry), "+d"(flags)
                 :
                 : PARAVIRT_LOSES);
    return error;
}

/// Tells the monitor that the kernel has written an entry itself.
inline void update_pxe(std::uint64_t* entry, std::uint64_t flags = 0) {
    asm volatile(PARAVIRT_SITE(update_pxe, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+D"(entry), "+S"(flags)
                 :
                 : PARAVIRT_LOSES_2);
}

/// Registers a page as a paging structure. If page_flags::clone is set, `count` entries from
/// `first` on are copied from the one in `clone_frame`. Native: kernel/memory/page_tables.cpp.
inline void allocate_page(std::uint64_t frame, std::uint64_t flags, std::uint64_t clone_frame,
                          std::uint64_t first, std::uint64_t count) {
    register std::uint64_t fifth asm("r8") = count;
    asm volatile(PARAVIRT_SITE(allocate_page, PARAVIRT_PAD_1, "call native_allocate_page")
                 : "+D"(frame), "+S"(flags), "+d"(clone_frame), "+c"(first), "+r"(fifth)
                 :
                 : "rax", PARAVIRT_LOSES_5);
}

/// The same, but returns an abi::Error; 0 where the operation is native, or only queued.
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

/// Ends the registration of a page as a paging structure. No entry may reference it, and it must
/// not be the root in CR3.
inline void release_page(std::uint64_t frame, std::uint64_t flags) {
    asm volatile(PARAVIRT_SITE(release_page, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+D"(frame), "+S"(flags)
                 :
                 : PARAVIRT_LOSES_2);
}

/// The same, but returns an abi::Error; 0 where the operation is native, or only queued.
[[nodiscard]] inline std::uint32_t release_page_checked(std::uint64_t frame, std::uint64_t flags) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(release_page, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(frame), "+S"(flags)
                 :
                 : "rdx", PARAVIRT_LOSES);
    return error;
}

/// Tells the monitor that the linear pages from `linear` on map the frames from `frame` on. Returns
/// an abi::Error; 0 where there is no monitor to tell.
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

/// Drops all translations except global ones. `root` must be the one in CR3: natively, it is loaded
/// again.
inline void flush_tlb(std::uint64_t flags, std::uint64_t root) {
    asm volatile(PARAVIRT_SITE(flush_tlb, PARAVIRT_PAD_3, "mov %%rsi, %%cr3")
                 : "+D"(flags), "+S"(root)
                 :
                 : PARAVIRT_LOSES_2);
}

/// Drops translations of the address space `root` on those processors in `mask` that run it. Only
/// where the monitor offers it; natively it does nothing. Returns an abi::Error; 0 if only queued.
[[nodiscard]] inline std::uint32_t shootdown(std::uint64_t mask, std::uint64_t root) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(shootdown, PARAVIRT_PAD_0, PARAVIRT_NOP)
                 : "+a"(error), "+D"(mask), "+S"(root)
                 :
                 : "rdx", PARAVIRT_LOSES);
    return error;
}

} // namespace guest::paravirt
