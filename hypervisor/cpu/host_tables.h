#pragma once
// The monitor's own GDT, TSS and IDT on one processor.

#include "hypervisor/decoder/vector_state.h"

#include <array>
#include <cstdint>

namespace hv::cpu {

inline constexpr std::uint16_t host_code_selector = 0x08;
inline constexpr std::uint16_t host_data_selector = 0x10;
inline constexpr std::uint16_t host_tss_selector = 0x18;

/// A 64-bit task-state segment (SDM vol. 3, 8.7). The monitor uses none of its stacks: it never
/// leaves ring 0, and an exception in it ends the run.
struct [[gnu::packed]] TaskStateSegment {
    std::uint32_t reserved0;
    std::uint64_t rsp[3];
    std::uint64_t reserved1;
    std::uint64_t ist[7];
    std::uint64_t reserved2;
    std::uint16_t reserved3;
    std::uint16_t io_map_base;
};
static_assert(sizeof(TaskStateSegment) == 104);

/// One processor's tables. Must stay where they are once loaded.
struct HostTables {
    alignas(16) std::array<std::uint64_t, 5> gdt;
    alignas(16) TaskStateSegment tss;
    StackProtectorBlock stack_protector; ///< at the host's FS base
};

/// Fills and loads them, and the IDT that all processors share.
void load_host_tables(HostTables& tables);

/// The linear address of the shared IDT.
std::uint64_t host_idt_base();

/// An NMI came while the monitor ran; it is the guest's (exits/dispatch.cpp).
extern volatile bool nmi_pending; // NOLINT(bugprone-dynamic-static-initializers): no definition

} // namespace hv::cpu
