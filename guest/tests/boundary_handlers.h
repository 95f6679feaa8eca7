#pragma once
// What the handler of an interrupt does with the ring: nothing, queue, flush, or switch tasks.

#include "guest/kernel/cpu/cpu.h"
#include "guest/tests/protocol_model.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace guest::tests {

/// The steps of a handler, which begins and ends in the mode in which it was called.
struct HandlerSteps {
    static constexpr std::uint32_t max = 32;
    std::array<ModelStep, max> step{};
    std::uint32_t count = 0;

    void add(ModelStep::Kind kind, const ModelCall& call = {});
    std::span<const ModelStep> all() const { return {step.data(), count}; }
};

struct BoundaryHandler {
    std::string_view name;
    void (*run)(Cpu&);
    HandlerSteps (*steps)(const Cpu& cpu, bool in_mode);
};

inline constexpr std::uint32_t boundary_handler_count = 4;
const std::array<BoundaryHandler, boundary_handler_count>& boundary_handlers();

/// Switches tasks a few times, and records the steps of a context switch. It is the kernel's own
/// switch, so its steps are read from the ring.
void learn_context_switch(Cpu& cpu);

} // namespace guest::tests
