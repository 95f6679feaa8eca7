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
};

/// What tasks have and use of their own, or which operations are done.
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
};

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
};
inline constexpr std::uint32_t max_tasks = 256;

/// `switches`, rounded up to a multiple of the workload's tasks.
constexpr std::uint64_t rounded_switches(const Workload& workload, std::uint64_t switches) {
    return (switches + workload.tasks - 1) / workload.tasks * workload.tasks;
}

} // namespace guest::workloads
