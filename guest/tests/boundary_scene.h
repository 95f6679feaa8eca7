#pragma once
// The objects that the paths and handlers of the boundary tests change, and the state that they
// leave.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/descriptor_tables.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/paravirt/monitor_call.h"
#include "guest/kernel/tasks/task.h"
#include "guest/tests/protocol_model.h"

#include <array>
#include <cstdint>

namespace guest::tests {

using paravirt::vcpu_area;

/// The GDT slot that paths write, and the words of the I/O bitmap that handlers and the entries of
/// a full ring write. A context switch reads none of them.
inline constexpr std::uint64_t path_slot = gdt_spare;
inline constexpr std::uint64_t handler_word = io_map_present + 8;
inline constexpr std::uint64_t filling_word = io_map_present + 16;
inline constexpr std::uint64_t handler_ports = 0x5A5A5A5A5A5A5A5A;

struct BoundaryScene {
    AddressSpace space;               ///< an address space other than the kernel's
    std::array<AddressSpace, 2> more; ///< loaded once, so that the ROM has as many pairs as it can
    std::uint64_t last_root;    ///< root of the ROM's last pair; the kernel's where there is none
    std::array<Task*, 2> tasks; ///< runnable; the first one is switched to
    std::uint64_t* entry;       ///< the entry that maps a page of `space`
    std::uint64_t entry_value;  ///< the value of `entry` that maps that page, writable
    std::uint64_t free_page;    ///< a page that becomes a page table
    std::uint64_t* ldt;         ///< the LDT that ldt_selector selects
    std::uint64_t errors_of_switching; ///< Cpu::lazy_mode_errors before a run
    std::uint64_t reported;            ///< errors that operations returned in a run
};

/// Returns the only scene. It is global because paths are plain functions.
BoundaryScene& boundary_scene();
void set_up_boundary_scene(Cpu& cpu);
void tear_down_boundary_scene(Cpu& cpu);

ModelCall path_entry(const Cpu& cpu);
ModelCall handler_entry(const Cpu& cpu);

/// Counts an error that an operation returned.
void report(std::uint32_t error);

/// Returns a hash of everything that paths change, except the words that those two entries write.
std::uint64_t fingerprint(const Cpu& cpu);

} // namespace guest::tests
