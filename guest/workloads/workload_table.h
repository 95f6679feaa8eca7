#pragma once
// Every workload, by name.

#include <array>
#include <cstdint>
#include <string_view>

namespace guest::workloads {

enum class Kind : std::uint8_t {
    switch_operations, ///< the operations of a switch alone, in the kernel (switch_operations.cpp)
    empty_vmcall,      ///< a hypercall that does nothing; needs the monitor
    tasks,             ///< ring-3 tasks that yield by system call (task_workload.cpp)
    address_space,     ///< only the load of the root, in the kernel (address_space_workload.cpp)
    page_tables,       ///< loops over page-table entries (page_table_workload.cpp)
    fork_exit,         ///< fork and exit of an address space (fork_workload.cpp)
    shootdown,      ///< as page_tables, with threads on other processors (page_table_workload.cpp)
    single_entries, ///< one entry at a time, outside a lazy mode (single_entry_workload.cpp)
};

/// What a page-table workload does to each entry.
enum class Operation : std::uint8_t {
    map,
    protect,
    unmap,
    remap,
    write_invlpg,    ///< rewritten, then INVLPG
    write_touch_cr3, ///< rewritten, then a read of the page, then the same root loaded
};

/// What each task has and uses, or which operations a switch makes.
struct Uses {
    bool tls = false;   ///< three TLS descriptors, %fs and %gs
    bool fpu = false;   ///< SSE and x87 in every slice; for switch_operations: TS
    bool debug = false; ///< DR0 and DR7; for switch_operations: DR7
};
inline constexpr Uses none{};
inline constexpr Uses tls{true, false, false};
inline constexpr Uses fpu{false, true, false};
inline constexpr Uses debug{false, false, true};
inline constexpr Uses all{true, true, true};

struct Workload {
    std::string_view name;
    Kind kind;
    std::uint32_t tasks;    ///< the number of switches is a multiple of it
    bool one_address_space; ///< threads
    Uses uses;
    std::uint32_t pages =
        0; ///< pages that each task touches in a slice, or that each operation changes
    Operation operation = Operation::map;
};

constexpr Workload page_table(std::string_view name, Operation operation, std::uint32_t pages) {
    return {name, Kind::page_tables, 1, false, none, pages, operation};
}

constexpr Workload shootdown(std::string_view name, Operation operation, std::uint32_t pages) {
    return {name, Kind::shootdown, 1, true, none, pages, operation};
}

inline constexpr std::array table{
    Workload{"full", Kind::switch_operations, 2, false, all},
    Workload{"modern-ops", Kind::switch_operations, 2, false, tls},
    Workload{"empty-vmcall", Kind::empty_vmcall, 1, false, none},
    Workload{"pingpong", Kind::tasks, 2, false, none},
    Workload{"pingpong-tls", Kind::tasks, 2, false, tls},
    Workload{"pingpong-fpu", Kind::tasks, 2, false, fpu},
    Workload{"pingpong-debug", Kind::tasks, 2, false, debug},
    Workload{"pingpong-all", Kind::tasks, 2, false, all},
    Workload{"threads", Kind::tasks, 2, true, none},
    Workload{"threads-tls", Kind::tasks, 2, true, tls},
    Workload{"threads-fpu", Kind::tasks, 2, true, fpu},
    Workload{"threads-debug", Kind::tasks, 2, true, debug},
    Workload{"threads-all", Kind::tasks, 2, true, all},
    Workload{"round-robin-4", Kind::tasks, 4, false, none},
    Workload{"round-robin-4-tls", Kind::tasks, 4, false, tls},
    Workload{"round-robin-4-fpu", Kind::tasks, 4, false, fpu},
    Workload{"round-robin-4-debug", Kind::tasks, 4, false, debug},
    Workload{"round-robin-4-all", Kind::tasks, 4, false, all},
    Workload{"round-robin-16", Kind::tasks, 16, false, none},
    Workload{"round-robin-16-tls", Kind::tasks, 16, false, tls},
    Workload{"round-robin-16-fpu", Kind::tasks, 16, false, fpu},
    Workload{"round-robin-16-debug", Kind::tasks, 16, false, debug},
    Workload{"round-robin-16-all", Kind::tasks, 16, false, all},
    Workload{"round-robin-64", Kind::tasks, 64, false, none},
    Workload{"round-robin-64-tls", Kind::tasks, 64, false, tls},
    Workload{"round-robin-64-fpu", Kind::tasks, 64, false, fpu},
    Workload{"round-robin-64-debug", Kind::tasks, 64, false, debug},
    Workload{"round-robin-64-all", Kind::tasks, 64, false, all},
    Workload{"round-robin-256", Kind::tasks, 256, false, none},
    Workload{"round-robin-256-tls", Kind::tasks, 256, false, tls},
    Workload{"round-robin-256-fpu", Kind::tasks, 256, false, fpu},
    Workload{"round-robin-256-debug", Kind::tasks, 256, false, debug},
    Workload{"round-robin-256-all", Kind::tasks, 256, false, all},
    Workload{"address-space", Kind::address_space, 2, false, none},
    Workload{"address-space-4", Kind::address_space, 4, false, none},
    Workload{"address-space-16", Kind::address_space, 16, false, none},
    Workload{"address-space-64", Kind::address_space, 64, false, none},
    Workload{"address-space-256", Kind::address_space, 256, false, none},
    Workload{"mapped-2", Kind::tasks, 2, false, none, 2},
    Workload{"mapped-16", Kind::tasks, 2, false, none, 16},
    Workload{"mapped-64", Kind::tasks, 2, false, none, 64},
    Workload{"mapped-256", Kind::tasks, 2, false, none, 256},
    page_table("pagetable/map/1", Operation::map, 1),
    page_table("pagetable/map/8", Operation::map, 8),
    page_table("pagetable/map/64", Operation::map, 64),
    page_table("pagetable/map/512", Operation::map, 512),
    page_table("pagetable/map/4096", Operation::map, 4096),
    page_table("pagetable/protect/1", Operation::protect, 1),
    page_table("pagetable/protect/8", Operation::protect, 8),
    page_table("pagetable/protect/64", Operation::protect, 64),
    page_table("pagetable/protect/512", Operation::protect, 512),
    page_table("pagetable/protect/4096", Operation::protect, 4096),
    page_table("pagetable/unmap/1", Operation::unmap, 1),
    page_table("pagetable/unmap/8", Operation::unmap, 8),
    page_table("pagetable/unmap/64", Operation::unmap, 64),
    page_table("pagetable/unmap/512", Operation::unmap, 512),
    page_table("pagetable/unmap/4096", Operation::unmap, 4096),
    page_table("pagetable/remap/1", Operation::remap, 1),
    page_table("pagetable/remap/8", Operation::remap, 8),
    page_table("pagetable/remap/64", Operation::remap, 64),
    page_table("pagetable/remap/512", Operation::remap, 512),
    page_table("pagetable/remap/4096", Operation::remap, 4096),
    Workload{"pagetable/fork-exit/1024", Kind::fork_exit, 1, false, none, 1024},
    Workload{"pagetable/write-invlpg/1", Kind::single_entries, 1, false, none, 1,
             Operation::write_invlpg},
    Workload{"pagetable/write-touch-cr3/1", Kind::single_entries, 1, false, none, 1,
             Operation::write_touch_cr3},
    shootdown("shootdown/unmap/1", Operation::unmap, 1),
    shootdown("shootdown/unmap/8", Operation::unmap, 8),
    shootdown("shootdown/protect/8", Operation::protect, 8),
};
inline constexpr std::uint32_t max_tasks = 256;

/// `switches`, rounded up to a multiple of the workload's tasks.
constexpr std::uint64_t rounded_switches(const Workload& workload, std::uint64_t switches) {
    return (switches + workload.tasks - 1) / workload.tasks * workload.tasks;
}

} // namespace guest::workloads
