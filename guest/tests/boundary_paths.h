#pragma once
// The paths through the ROM that the boundary tests step: each entry by itself, in a lazy mode with
// the leave, and with a full ring; and the calls that the modes refuse.

#include "guest/kernel/cpu/cpu.h"
#include "guest/tests/protocol_model.h"

#include <array>
#include <span>
#include <string_view>

namespace guest::tests {

struct BoundaryPath {
    static constexpr std::uint32_t max_steps = 5;

    std::string_view name;
    abi::Call call = abi::Call::empty; ///< the call whose entry is stepped; there is none where
                                       ///< get_reloc answers NONE
    /// Restores what `run` changes, by an operation outside of any mode.
    void (*undo)(Cpu&) = nullptr;
    void (*run)(Cpu&) = nullptr;
    std::array<ModelStep, max_steps> step{};
    std::uint32_t steps = 0;

    std::span<const ModelStep> all_steps() const { return {step.data(), steps}; }
    /// Whether the call can be queued, and so has a path through a full ring.
    bool queues() const;
    /// Whether the call enters a mode, and so has no path in a mode.
    bool enters() const;
};

inline constexpr std::uint32_t max_boundary_paths = 64;

/// Returns the paths for this machine and the scene that is set up. They stay valid until the next
/// call.
std::span<const BoundaryPath> boundary_paths(Cpu& cpu);

} // namespace guest::tests
