#pragma once
// Selectors and segment descriptors (Intel SDM vol. 3, 3.4.5 and 7.2).

#include <cstdint>

namespace guest {

// Slots of the GDT. User data lies before user code because SYSRET wants it so.
inline constexpr std::uint16_t gdt_kernel_code = 1;
inline constexpr std::uint16_t gdt_kernel_data = 2;
inline constexpr std::uint16_t gdt_user_data = 3;
inline constexpr std::uint16_t gdt_user_code = 4;
inline constexpr std::uint16_t gdt_spare = 5; ///< used by self-tests only
inline constexpr std::uint16_t gdt_first_tls = 6;
inline constexpr std::uint16_t tls_slots = 3;
inline constexpr std::uint16_t gdt_tss = 9;  ///< two slots
inline constexpr std::uint16_t gdt_ldt = 11; ///< two slots; empty except in self-tests
inline constexpr std::uint16_t gdt_slots = 13;
inline constexpr std::uint16_t gdt_limit = gdt_slots * 8 - 1;

constexpr std::uint16_t selector(std::uint16_t slot, std::uint16_t privilege_level) {
    return static_cast<std::uint16_t>(slot * 8 + privilege_level);
}
inline constexpr std::uint16_t kernel_code_selector = selector(gdt_kernel_code, 0);
inline constexpr std::uint16_t kernel_data_selector = selector(gdt_kernel_data, 0);
inline constexpr std::uint16_t user_data_selector = selector(gdt_user_data, 3);
inline constexpr std::uint16_t user_code_selector = selector(gdt_user_code, 3);
inline constexpr std::uint16_t tss_selector = selector(gdt_tss, 0);
inline constexpr std::uint16_t ldt_selector = selector(gdt_ldt, 0);
/// The selector of TLS entry `index`, for ring 3.
constexpr std::uint16_t tls_selector(std::uint16_t index) {
    return selector(static_cast<std::uint16_t>(gdt_first_tls + index), 3);
}

/// Set by the processor when a segment is loaded, and by a monitor that owns the descriptor table.
inline constexpr std::uint64_t descriptor_accessed = std::uint64_t{1} << 40;

// All have the accessed bit set, so that the processor never writes to the GDT to set it.
inline constexpr std::uint64_t kernel_code_descriptor = 0x00AF9B000000FFFF;
inline constexpr std::uint64_t kernel_data_descriptor = 0x00CF93000000FFFF;
inline constexpr std::uint64_t user_code_descriptor = 0x00AFFB000000FFFF;
inline constexpr std::uint64_t user_data_descriptor = 0x00CFF3000000FFFF;

/// A TLS entry: a ring-3 data segment of 4 GiB that starts at `base`.
constexpr std::uint64_t tls_descriptor(std::uint32_t base) {
    return user_data_descriptor | std::uint64_t{base & 0xFFFFFF} << 16 |
           std::uint64_t{base >> 24} << 56;
}
static_assert(tls_descriptor(0x12345678) == 0x12CFF3345678FFFF);

/// Types of system descriptors in 64-bit mode (Intel SDM vol. 3, table 3-2).
inline constexpr std::uint8_t system_type_ldt = 0x2;
inline constexpr std::uint8_t system_type_tss_available = 0x9;
inline constexpr std::uint8_t system_type_call_gate = 0xC;
inline constexpr std::uint8_t system_type_interrupt_gate = 0xE;

/// A 16-byte system descriptor as two words.
struct SystemDescriptor {
    std::uint64_t low;
    std::uint64_t high;
};

/// A present LDT or TSS descriptor. `limit` is the offset of the last byte.
constexpr SystemDescriptor system_descriptor(std::uint64_t base, std::uint32_t limit,
                                             std::uint8_t type) {
    return {(limit & 0xFFFF) | (base & 0xFFFFFF) << 16 | std::uint64_t{type} << 40 |
                std::uint64_t{1} << 47 | std::uint64_t{limit >> 16 & 0xF} << 48 |
                (base >> 24 & 0xFF) << 56,
            base >> 32};
}

/// A present 64-bit gate into the kernel's code segment; `stack` is an IST index, 0 for none.
constexpr SystemDescriptor gate(std::uint64_t entry, std::uint8_t type,
                                std::uint8_t privilege_level, std::uint8_t stack) {
    return {(entry & 0xFFFF) | std::uint64_t{kernel_code_selector} << 16 |
                std::uint64_t{stack} << 32 | std::uint64_t{type} << 40 |
                std::uint64_t{privilege_level} << 45 | std::uint64_t{1} << 47 |
                (entry >> 16 & 0xFFFF) << 48,
            entry >> 32};
}

} // namespace guest
