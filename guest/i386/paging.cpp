#include "guest/i386/paging.h"

namespace guest::i386 {
namespace {

constexpr std::uint32_t present = 1;
constexpr std::uint32_t all_rights = 0x7; // present, writable, for programs too
constexpr std::uint32_t large = 0x80;
constexpr std::uint32_t cr0_pg = 1U << 31;
constexpr std::uint32_t cr4_pse = 1U << 4;
constexpr std::uint32_t cr4_pae = 1U << 5;

alignas(4096) std::uint32_t directory[1024];
alignas(4096) std::uint64_t pae_directory[512];
alignas(32) std::uint64_t pae_pointers[4];

template <class T>
std::uint32_t address(T* pointer) {
    return reinterpret_cast<std::uint32_t>(pointer);
}

std::uint32_t read_cr0() {
    std::uint32_t value = 0;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    return value;
}
void write_cr0(std::uint32_t value) { asm volatile("mov %0, %%cr0" : : "r"(value) : "memory"); }

} // namespace

void begin_paging(Paging paging) {
    write_cr0(read_cr0() & ~cr0_pg);
    std::uint32_t root = 0;
    if (paging == Paging::two_level) {
        directory[0] = directory[kernel_base >> 22] = all_rights | large;
        root = address(directory);
    } else {
        pae_directory[0] = all_rights | large;
        pae_directory[1] = 2 << 20 | all_rights | large;
        pae_pointers[0] = pae_pointers[kernel_base >> 30] = address(pae_directory) | present;
        root = address(pae_pointers);
    }
    const std::uint32_t cr4 = paging == Paging::pae ? cr4_pae : cr4_pse;
    asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
    asm volatile("mov %0, %%cr3" : : "r"(root) : "memory");
    write_cr0(read_cr0() | cr0_pg);
}

} // namespace guest::i386
