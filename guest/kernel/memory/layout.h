#pragma once
// Where things lie in the linear address space.

#include <cstdint>

namespace guest {

inline constexpr std::uint64_t page_size = 4096;

/// Linear address of physical 0: the kernel half maps [0, linear_map_size) in one piece, the ROM's
/// window included (docs/abi.md, "The ROM"). Must agree with guest.lds and kernel/boot/entry.S.
inline constexpr std::uint64_t kernel_base = 0xFFFFFFFF80000000;
inline constexpr std::uint64_t linear_map_size = std::uint64_t{1} << 30;

/// Physical memory from here up belongs to the kernel; the firmware, the ROM and the boot area lie
/// below.
inline constexpr std::uint64_t first_usable_physical = 0x200000;

/// The user half: the image of all ring-3 code, one page for TLS blocks, and the stacks, all within
/// the range of one page table.
inline constexpr std::uint64_t user_image_base = 0x400000;
inline constexpr std::uint64_t user_tls_page = 0x500000;
inline constexpr std::uint64_t user_stack_base = 0x520000;
/// One stack page and one unmapped page below it.
inline constexpr std::uint64_t user_stack_stride = 2 * page_size;
/// The most stacks, and so threads, that one address space can have.
inline constexpr std::uint32_t user_stacks = 64;
static_assert(user_stack_base + user_stacks * user_stack_stride <= user_image_base + 0x200000);

/// Where self-tests and workloads map pages. The tests' pages lie on both sides of the end of a
/// page table's range.
inline constexpr std::uint64_t user_memory_base = 0x101E0000;
inline constexpr std::uint64_t user_scratch_page = 0x0FFFF000;

/// Where the registers of the local APIC are mapped in xAPIC mode.
inline constexpr std::uint64_t local_apic_linear = 0xFFFFFFFFC0000000;

/// The linear address of a physical address below linear_map_size.
constexpr std::uint64_t to_linear(std::uint64_t physical) { return physical + kernel_base; }
/// The physical address of a linear address in the linear map.
constexpr std::uint64_t to_physical(std::uint64_t linear) { return linear - kernel_base; }

/// A typed pointer into the linear map.
template <typename T>
T* linear_pointer(std::uint64_t physical) {
    return reinterpret_cast<T*>(to_linear(physical));
}
inline std::uint64_t address_of(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

} // namespace guest
