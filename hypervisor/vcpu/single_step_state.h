#pragma once
// The single step of a vCPU, and what is restored when it ends.

#include "hypervisor/translation/step_pages.h"

#include <boost/container/static_vector.hpp>

#include <cstdint>

namespace hv {

/// A step, from begin_single_step() or begin_stepped_delivery() to end_single_step()
/// (faults/single_step.h has the rules). The members from `rflags` to `root` list what a step
/// changes, with the values from before the step; that of an event changes only `root`.
struct SingleStep {
    bool active = false;
    bool delivers_event = false; ///< what is stepped is no instruction
    /// Guest-physical addresses of the pages; the instruction writes to the images of the same
    /// numbers in Vcpu::step_pages.
    boost::container::static_vector<std::uint64_t, step_page_limit> pages;
    /// By which the copied tables lead to the images: guest-physical addresses, or linear ones
    /// under shadow paging, where two may lead to one image.
    boost::container::static_vector<SteppedPage, step_page_limit> paths;

    /// If one of the pages is the local APIC's: the offset in it of the register that is written.
    std::uint32_t apic_register = 0;

    std::uint64_t rflags = 0; ///< TF and IF are restored; other flags are the instruction's
    std::uint64_t interruptibility = 0;
    std::uint64_t pending_debug = 0; ///< pending debug exceptions
    std::uint64_t debugctl = 0;      ///< IA32_DEBUGCTL
    std::uint64_t idtr_limit = 0;
    std::uint32_t exception_bitmap = 0;
    /// The EPT pointer; under shadow paging, CR3 as the processor holds it.
    std::uint64_t root = 0;

    /// The instruction is PUSHF: what it stores has TF and IF of the step, and gets the guest's.
    bool stores_flags = false;

    /// Value of statistics.exits when the last step ended.
    std::uint64_t ended_in_exit = ~std::uint64_t{0};
};

} // namespace hv
