#pragma once
// The single step that a vCPU is in, and what its end puts back.

#include <cstdint>

namespace hv {

/// A step, from begin_single_step() to end_single_step() (faults/single_step.h has the rules). The
/// members from `rflags` to `root` are the list of what a step changes, with the values before it.
struct SingleStep {
    bool active = false;
    /// GPA of the page of which the instruction writes a copy, which is in Vcpu::step_pages.
    std::uint64_t page = 0;

    std::uint64_t rflags = 0; ///< TF and IF are put back; the rest is the instruction's
    std::uint64_t interruptibility = 0;
    std::uint32_t exception_bitmap = 0;
    /// The EPT pointer; under shadow paging, CR3 as the processor holds it.
    std::uint64_t root = 0;

    /// Value of statistics.exits when the last step ended.
    std::uint64_t ended_in_exit = ~std::uint64_t{0};
};

} // namespace hv
