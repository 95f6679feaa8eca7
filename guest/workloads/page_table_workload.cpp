// Loops over page-table entries as kernels make them. Each operation changes consecutive entries of
// a region of its own in one lazy section, invalidates what it must and, except for unmap, reads
// every page once, so that costs that a monitor defers until then are part of the measurement.

#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/workloads/measurement.h"
#include "guest/workloads/run_workloads.h"
#include "guest/workloads/spinners.h"

#include <array>

namespace guest::workloads {
namespace {

constexpr std::uint64_t operations = 16;
constexpr std::uint64_t first_region = 0x40000000;
/// The frames that the pages of a region map in turn; remap changes to the second half.
constexpr std::size_t frame_count = 64;
std::array<std::uint64_t, 2 * frame_count> frames;
const Frames old_frames(frames.data(), frame_count);
const Frames new_frames(frames.data() + frame_count, frame_count);

/// A multiple of what a page table maps, so that no two regions share a page table.
std::uint64_t region_size(const Workload& workload) {
    return (workload.pages * page_size + pte::large_page_size - 1) & ~(pte::large_page_size - 1);
}

std::uint64_t region(const Workload& workload, std::uint64_t number) {
    return first_region + number * region_size(workload);
}

/// Fills and links the page tables of a region; they are filled before they are registered.
void prepare_region(const AddressSpace& space, const Workload& workload, std::uint64_t linear) {
    const std::uint64_t mapped = workload.operation == Operation::map ? 0 : workload.pages;
    for (std::uint64_t begin = 0; begin < workload.pages; begin += pte::entries) {
        const std::uint64_t table = pages::allocate();
        for (std::uint64_t i = begin; i < begin + pte::entries && i < mapped; ++i)
            pte::table_at(table)[i - begin] =
                old_frames[i % frame_count] | pte::read_write | pte::user;
        page_tables::adopt(table, 1);
        TableWalk walk(space.root);
        page_tables::write(walk.make_table_entry(linear + begin * page_size, 2),
                           table | pte::to_table);
    }
}

void operate(const AddressSpace& space, const Workload& workload, std::uint64_t linear) {
    switch (workload.operation) {
    case Operation::map:
        return address_ranges::map(space, linear, workload.pages, old_frames,
                                   PageAccess::read_write);
    case Operation::protect:
        return address_ranges::protect(space, linear, workload.pages, PageAccess::read_only);
    case Operation::unmap:
        return address_ranges::unmap(space, linear, workload.pages);
    case Operation::remap:
        return address_ranges::remap(space, linear, workload.pages, new_frames);
    case Operation::write_invlpg:
    case Operation::write_touch_cr3:
        break;
    }
}

void touch(const Workload& workload, std::uint64_t linear) {
    if (workload.operation == Operation::unmap)
        return;
    for (std::uint64_t i = 0; i < workload.pages; ++i)
        *reinterpret_cast<const volatile std::uint64_t*>(linear + i * page_size);
}

} // namespace

std::uint64_t run_page_tables(const Workload& workload) {
    for (std::uint64_t& frame : frames)
        frame = pages::allocate();
    AddressSpace space = address_spaces::create(participants());
    for (std::uint64_t i = 0; i <= operations; ++i)
        prepare_region(space, workload, region(workload, i));
    address_spaces::load(space.root);
    for (std::uint64_t i = 0; i <= operations; ++i) {
        // The mapped pages have been accessed.
        if (workload.operation == Operation::map)
            continue;
        for (std::uint64_t page = 0; page < workload.pages; ++page)
            *reinterpret_cast<const volatile std::uint64_t*>(region(workload, i) +
                                                             page * page_size);
    }
    operate(space, workload, region(workload, operations)); // warms up
    touch(workload, region(workload, operations));
    {
        const Spinners spinners(space, participants());
        begin_measurement_for_all();
        for (std::uint64_t i = 0; i < operations; ++i) {
            operate(space, workload, region(workload, i));
            touch(workload, region(workload, i));
        }
        end_measurement_for_all();
    }
    address_spaces::load(address_spaces::kernel().root);
    address_spaces::destroy(space);
    for (const std::uint64_t frame : frames)
        pages::release(frame);
    return operations;
}

} // namespace guest::workloads
