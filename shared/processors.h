#pragma once
// Machines of several processors (docs/abi.md, "Several processors").

#include <cstddef>
#include <cstdint>

namespace abi {

/// vCPUs there can be: each has a bit in a mask. vCPU n runs on processor n: the boot processor is
/// 0, the others follow in the order of the ACPI MADT's enabled entries.
inline constexpr std::uint32_t max_vcpus = 64;

/// What a vCPU starts with at its next SIPI, whatever the SIPI's vector: the argument of
/// SetInitialAPState. A 64-bit kernel's form of VMI's structure. The vCPU starts in 64-bit mode.
struct InitialState {
    std::uint64_t cr0;
    std::uint64_t cr3; ///< its address space must map GDT and IDT
    std::uint64_t cr4;
    std::uint64_t efer; ///< LME and LMA set
    std::uint64_t rip;
    std::uint64_t rflags;
    /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15.
    std::uint64_t general[16];
    std::uint64_t fs_base;
    std::uint64_t gs_base;
    std::uint64_t gdt_base;
    std::uint64_t idt_base; ///< with idt_limit 0: no IDT yet
    std::uint16_t gdt_limit;
    std::uint16_t idt_limit;
    // Selectors: code and data of ring 0 in that GDT. LDTR and TR start empty.
    std::uint16_t cs;
    std::uint16_t ss;
    std::uint16_t ds; ///< null or as ss; es, fs and gs too
    std::uint16_t es;
    std::uint16_t fs;
    std::uint16_t gs;
};
static_assert(sizeof(InitialState) == 26 * sizeof(std::uint64_t) + 8 * sizeof(std::uint16_t));
static_assert(offsetof(InitialState, general) == 48);

/// The second argument of Shootdown that stands for translations of every address space, global
/// ones too.
inline constexpr std::uint64_t every_address_space = ~std::uint64_t{0};

} // namespace abi
