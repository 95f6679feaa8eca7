#pragma once
// Threads of one address space that spin in ring 3 on all other processors that take part.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/tasks/task.h"

#include <array>
#include <cstdint>

namespace guest::workloads {

/// Made by processor 0, in an address space with a stack for each processor. On one processor there
/// are none.
class Spinners {
  public:
    /// Returns when all of them spin.
    Spinners(const AddressSpace& space, std::uint32_t processors);
    /// Returns when all of them are gone.
    ~Spinners();
    Spinners(const Spinners&) = delete;
    Spinners& operator=(const Spinners&) = delete;

  private:
    std::uint32_t processors_;
    std::uint64_t control_frame_ = 0;
    std::array<Task*, max_processors> task_{};
};

} // namespace guest::workloads
