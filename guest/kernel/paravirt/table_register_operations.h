#pragma once
// Paravirt operations (operations.h): GDTR, IDTR, LDTR and TR.

#include "guest/kernel/paravirt/call_site.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace guest::paravirt {

/// Loads GDTR. `table` must stay readable for the call only.
inline void set_gdt(const abi::PseudoDescriptor* table) {
    asm volatile(PARAVIRT_SITE(set_gdt, PARAVIRT_PAD_3, "lgdt (%%rdi)")
                 : "+D"(table)
                 :
                 : PARAVIRT_LOSES_1);
}

/// Loads IDTR.
inline void set_idt(const abi::PseudoDescriptor* table) {
    asm volatile(PARAVIRT_SITE(set_idt, PARAVIRT_PAD_3, "lidt (%%rdi)")
                 : "+D"(table)
                 :
                 : PARAVIRT_LOSES_1);
}

/// Loads LDTR; 0 for no LDT.
inline void set_ldt(std::uint64_t selector) {
    asm volatile(PARAVIRT_SITE(set_ldt, PARAVIRT_PAD_3, "lldt %%di")
                 : "+D"(selector)
                 :
                 : PARAVIRT_LOSES_1);
}

/// Loads TR; the descriptor must be an available 64-bit TSS and becomes busy.
inline void set_tr(std::uint64_t selector) {
    asm volatile(PARAVIRT_SITE(set_tr, PARAVIRT_PAD_3, "ltr %%di")
                 : "+D"(selector)
                 :
                 : PARAVIRT_LOSES_1);
}

/// The same, and an abi::Error; 0 where the operation is native.
[[nodiscard]] inline std::uint32_t set_tr_checked(std::uint64_t selector) {
    std::uint32_t error = 0;
    asm volatile(PARAVIRT_SITE(set_tr, PARAVIRT_PAD_3, "ltr %%di")
                 : "+a"(error), "+D"(selector)
                 :
                 : "rsi", "rdx", PARAVIRT_LOSES);
    return error;
}

inline void get_gdt(abi::PseudoDescriptor* table) {
    asm volatile(PARAVIRT_SITE(get_gdt, PARAVIRT_PAD_3, "sgdt (%%rdi)")
                 : "+D"(table)
                 :
                 : PARAVIRT_LOSES_1);
}

inline void get_idt(abi::PseudoDescriptor* table) {
    asm volatile(PARAVIRT_SITE(get_idt, PARAVIRT_PAD_3, "sidt (%%rdi)")
                 : "+D"(table)
                 :
                 : PARAVIRT_LOSES_1);
}

inline std::uint16_t get_ldt() {
    std::uint64_t selector = 0;
    asm volatile(PARAVIRT_SITE(get_ldt, PARAVIRT_PAD_3, "sldt %%eax")
                 : "=a"(selector)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return static_cast<std::uint16_t>(selector);
}

inline std::uint16_t get_tr() {
    std::uint64_t selector = 0;
    asm volatile(PARAVIRT_SITE(get_tr, PARAVIRT_PAD_3, "str %%eax")
                 : "=a"(selector)
                 :
                 : PARAVIRT_LOSES_0_RESULT);
    return static_cast<std::uint16_t>(selector);
}

} // namespace guest::paravirt
