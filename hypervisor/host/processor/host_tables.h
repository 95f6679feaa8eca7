#pragma once
// The monitor's own GDT, TSS and IDT on one processor.

#include "hypervisor/host/stack_protector.h"
#include "hypervisor/memory/layout.h"

#include <array>
#include <cstdint>

namespace hv::cpu {

inline constexpr std::uint16_t host_code_selector = 0x08;
inline constexpr std::uint16_t host_data_selector = 0x10;
inline constexpr std::uint16_t host_tss_selector = 0x18;

/// A 64-bit task-state segment (SDM vol. 3, 8.7). The monitor never leaves ring 0; NMIs alone have
/// a stack of their own.
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

/// What an NMI that comes in the monitor is for; part of the vCPU (address_space/requests.h).
struct NmiState {
    std::uint32_t
        kick_in_flight;        ///< another vCPU has sent an NMI to bring this one out of the guest
    std::uint32_t pending;     ///< an NMI for the guest has come (vcpu/resume.h, inject_nmi)
    std::uint64_t entry_stack; ///< RSP at entry_restart (exits/vm_exit.S)
};

/// One processor's descriptor tables. They must not move once they are loaded.
struct HostTables {
    StackProtectorBlock stack_protector; ///< at the host's FS base
    alignas(16) std::array<std::uint64_t, 5> gdt;
    NmiState* nmi;
    alignas(16) TaskStateSegment tss;
    /// For NMIs, since one may come between two pops of the exit stub, whose stack is
    /// Vcpu::registers.
    alignas(16) std::array<std::uint8_t, page_size> nmi_stack;
};

/// Fills and loads these tables and the IDT, which all processors share. `nmi` must outlive them.
void load_host_tables(HostTables& tables, NmiState& nmi);

/// The linear address of the shared IDT.
std::uint64_t host_idt_base();

/// Ends the blocking of NMIs that begins with a VM exit for an NMI (SDM vol. 3, 28.3.3).
void end_nmi_blocking();

} // namespace hv::cpu
