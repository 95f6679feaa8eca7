#include "guest/i386/paging.h"

namespace guest::i386 {
namespace {

constexpr std::uint32_t present = 1;
constexpr std::uint32_t all_rights = 0x7; // present, writable, for programs too
constexpr std::uint32_t large = 0x80;
constexpr std::uint32_t cr0_pg = 1U << 31;
constexpr std::uint32_t cr4_pse = 1U << 4;
constexpr std::uint32_t cr4_pae = 1U << 5;

constexpr std::uint32_t spaces = 2;
alignas(4096) std::uint32_t directory[spaces][1024];
alignas(4096) std::uint32_t table[spaces][1024];
alignas(4096) std::uint64_t pae_directory[spaces][512];
alignas(4096) std::uint64_t pae_table[spaces][512];
alignas(32) std::uint64_t pae_pointers[spaces][4];

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
    for (std::uint32_t space = 0; space < spaces; ++space) {
        if (paging == Paging::two_level) {
            directory[space][0] = directory[space][kernel_base >> 22] = all_rights | large;
            directory[space][window_base >> 22] = address(table[space]) | all_rights;
        } else {
            pae_directory[space][0] = all_rights | large;
            pae_directory[space][1] = 2 << 20 | all_rights | large;
            pae_directory[space][window_base >> 21 & 511] = address(pae_table[space]) | all_rights;
            pae_pointers[space][0] = pae_pointers[space][kernel_base >> 30] =
                address(pae_directory[space]) | present;
        }
    }
    const std::uint32_t cr4 = paging == Paging::pae ? cr4_pae : cr4_pse;
    asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
    asm volatile("mov %0, %%cr3" : : "r"(root_of(paging, 0)) : "memory");
    write_cr0(read_cr0() | cr0_pg);
}

std::uint32_t root_of(Paging paging, std::uint32_t space) {
    return paging == Paging::two_level ? address(directory[space]) : address(pae_pointers[space]);
}

std::uint32_t window_entry(Paging paging, std::uint32_t space, std::uint32_t page) {
    return kernel_base + (paging == Paging::two_level ? address(&table[space][page])
                                                      : address(&pae_table[space][page]));
}

void show_low_memory_at_2_gib() {
    pae_pointers[0][two_gib >> 30] = address(pae_directory[0]) | present;
}

} // namespace guest::i386
