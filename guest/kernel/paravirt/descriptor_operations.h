#pragma once
// Paravirt operations (operations.h): writes to GDT, LDT, IDT and TSS.

#include "guest/kernel/paravirt/call_site.h"

#include <cstdint>

namespace guest::paravirt {

// Descriptors are written in 8-byte words; a system descriptor or a gate consists of two.

inline void write_gdt_entry(std::uint64_t* table, std::uint64_t index, std::uint64_t descriptor) {
    asm volatile(PARAVIRT_SITE(write_gdt_entry, PARAVIRT_PAD_2, "mov %%rdx, (%%rdi, %%rsi, 8)")
                 : "+D"(table), "+S"(index), "+d"(descriptor)
                 :
                 : PARAVIRT_LOSES_3);
}

/// The same, but returns an abi::Error; 0 where the operation is native.
[[nodiscard]] inline std::uint32_t
write_gdt_entry_checked(std::uint64_t* table, std::uint64_t index, std::uint64_t descriptor) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(write_gdt_entry, PARAVIRT_PAD_2, "mov %%rdx, (%%rdi, %%rsi, 8)")
                 : "+a"(error), "+D"(table), "+S"(index), "+d"(descriptor)
                 :
                 : PARAVIRT_LOSES);
    return error;
}

inline void write_ldt_entry(std::uint64_t* table, std::uint64_t index, std::uint64_t descriptor) {
    asm volatile(PARAVIRT_SITE(write_ldt_entry, PARAVIRT_PAD_2, "mov %%rdx, (%%rdi, %%rsi, 8)")
                 : "+D"(table), "+S"(index), "+d"(descriptor)
                 :
                 : PARAVIRT_LOSES_3);
}

inline void write_idt_entry(std::uint64_t* table, std::uint64_t index, std::uint64_t half) {
    asm volatile(PARAVIRT_SITE(write_idt_entry, PARAVIRT_PAD_2, "mov %%rdx, (%%rdi, %%rsi, 8)")
                 : "+D"(table), "+S"(index), "+d"(half)
                 :
                 : PARAVIRT_LOSES_3);
}

// The task-state segment; `tss` is its linear address.

/// TSS.RSP0 (at offset 4: Intel SDM vol. 3, figure 7-11).
inline void update_kernel_stack(void* tss, std::uint64_t rsp0) {
    asm volatile(PARAVIRT_SITE(update_kernel_stack, PARAVIRT_PAD_2, "mov %%rsi, 4(%%rdi)")
                 : "+D"(tss), "+S"(rsp0)
                 :
                 : PARAVIRT_LOSES_2);
}

/// Writes one 64-bit word of the TSS other than RSP0. `offset` is in bytes, a multiple of 8.
inline void write_tss_word(void* tss, std::uint64_t offset, std::uint64_t value) {
    asm volatile(PARAVIRT_SITE(write_tss_word, PARAVIRT_PAD_2, "mov %%rdx, (%%rdi, %%rsi)")
                 : "+D"(tss), "+S"(offset), "+d"(value)
                 :
                 : PARAVIRT_LOSES_3);
}

} // namespace guest::paravirt
