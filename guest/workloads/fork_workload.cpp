// Fork of an address space with many pages, and exit of the child, which runs nothing.

#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/workloads/measurement.h"
#include "guest/workloads/run_workloads.h"

namespace guest::workloads {
namespace {

constexpr std::uint64_t operations = 8;
constexpr std::uint64_t region = 0x40000000;

void fork_and_exit(const AddressSpace& parent) {
    AddressSpace child = address_spaces::fork(parent);
    address_spaces::destroy(child);
}

/// Brings the parent into the state of one that has written to all of its pages since the last
/// fork.
void make_writable(const AddressSpace& parent, const Workload& workload) {
    address_ranges::protect(parent, region, workload.pages, PageAccess::read_write);
    for (std::uint64_t i = 0; i < workload.pages; ++i)
        *reinterpret_cast<volatile std::uint64_t*>(region + i * page_size) = i;
}

} // namespace

std::uint64_t run_fork_exit(const Workload& workload) {
    AddressSpace parent = address_spaces::create(1);
    address_ranges::map_own(parent, region, workload.pages);
    address_spaces::load(parent.root);
    fork_and_exit(parent); // warms up
    make_writable(parent, workload);
    begin_measurement();
    for (std::uint64_t i = 0; i < operations; ++i) {
        fork_and_exit(parent);
        pause_measurement();
        make_writable(parent, workload);
        if (i + 1 < operations)
            resume_measurement();
    }
    address_spaces::load(address_spaces::kernel().root);
    address_spaces::destroy(parent);
    return operations;
}

} // namespace guest::workloads
