#pragma once
// Machines with several processors (docs/abi.md, "Several processors").

#include <cstddef>
#include <cstdint>

namespace abi {

/// The largest number of vCPUs: each has a bit in a 64-bit mask. vCPU n runs on processor n. The
/// boot processor is 0; the others follow in the order of the enabled entries of the ACPI MADT.
inline constexpr std::uint32_t max_vcpus = 64;

/// The state in which a vCPU starts at its next SIPI, whatever the SIPI's vector: the argument of
/// SetInitialAPState. It is the 64-bit form of VMI's structure; the vCPU starts in 64-bit mode.
struct InitialState {
    std::uint64_t cr0;
    std::uint64_t cr3; ///< its address space must map GDT and IDT
    std::uint64_t cr4;
    std::uint64_t efer; ///< with LME and LMA set
    std::uint64_t rip;
    std::uint64_t rflags;
    /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15.
    std::uint64_t general[16];
    std::uint64_t fs_base;
    std::uint64_t gs_base;
    std::uint64_t gdt_base;
    std::uint64_t idt_base; ///< if idt_limit is 0, the vCPU starts without an IDT
    std::uint16_t gdt_limit;
    std::uint16_t idt_limit;
    // Selectors of ring-0 code and data segments in that GDT. LDTR and TR start empty.
    std::uint16_t cs;
    std::uint16_t ss;
    std::uint16_t ds; ///< null or equal to ss; the same holds for es, fs and gs
    std::uint16_t es;
    std::uint16_t fs;
    std::uint16_t gs;
};
static_assert(sizeof(InitialState) == 26 * sizeof(std::uint64_t) + 8 * sizeof(std::uint16_t));
static_assert(offsetof(InitialState, general) == 48);

/// As the second argument of Shootdown: the translations of every address space, global ones
/// included.
inline constexpr std::uint64_t every_address_space = ~std::uint64_t{0};

} // namespace abi
