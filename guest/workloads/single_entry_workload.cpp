// Operations on one page-table entry at a time, outside a lazy mode: what a page-fault handler
// does, and what published figures of other hypervisors measure.

#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/workloads/measurement.h"
#include "guest/workloads/run_workloads.h"

#include <array>

namespace guest::workloads {
namespace {

struct Target {
    std::uint64_t root;
    std::uint64_t linear;
    std::uint64_t* entry;
    std::array<std::uint64_t, 2> values; ///< values that the entry gets in turn
};

[[gnu::noinline]] void write_invlpg(const Target& target, std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
        paravirt::set_pxe(target.values[i % 2], target.entry);
        paravirt::inval_page(target.linear);
    }
}

[[gnu::noinline]] void write_touch_cr3(const Target& target, std::uint64_t operations) {
    for (std::uint64_t i = 0; i < operations; ++i) {
        paravirt::set_pxe(target.values[i % 2], target.entry);
        *reinterpret_cast<const volatile std::uint64_t*>(target.linear);
        paravirt::set_cr3(target.root);
    }
}

} // namespace

std::uint64_t run_single_entries(const Workload& workload, std::uint64_t operations) {
    constexpr std::uint64_t warm_up = 16;
    const std::array<std::uint64_t, 2> frames{pages::allocate(), pages::allocate()};
    AddressSpace space = address_spaces::create(1);
    address_ranges::map(space, user_memory_base, 1, Frames(frames), PageAccess::read_write);
    address_spaces::load(space.root);
    const Target target{
        space.root,
        user_memory_base,
        page_tables::find(space.root, user_memory_base),
        {frames[0] | pte::read_write | pte::user, frames[1] | pte::read_write | pte::user}};
    const auto run = workload.operation == Operation::write_invlpg ? write_invlpg : write_touch_cr3;
    run(target, warm_up);
    begin_measurement();
    run(target, operations);
    end_measurement();
    address_spaces::load(address_spaces::kernel().root);
    address_spaces::destroy(space);
    for (const std::uint64_t frame : frames)
        pages::release(frame);
    return operations;
}

} // namespace guest::workloads
