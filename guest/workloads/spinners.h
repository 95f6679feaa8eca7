#pragma once
// Threads of one address space that spin in ring 3 on all other processors that take part.

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/tasks/task.h"

#include <array>
#include <cstdint>

namespace guest::workloads {

/// Constructed on processor 0, with an address space that has a stack for each processor. With one
/// processor there are no threads.
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
