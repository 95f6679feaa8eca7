// Accesses must see what is done to page tables: map, protect, unmap and remap, in a lazy section
// and outside one, in batches longer than the ring, with faults on updates that are only queued,
// and with interrupts whose handlers queue too. All of it must hold without a ROM as well.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/ring.h"

#include <array>

namespace guest::tests {
namespace {

constexpr std::uint64_t region = user_memory_base;
constexpr std::uint32_t frame_count =
    5; // does not divide 512, so that frames and entries do not repeat in step
std::array<std::uint64_t, frame_count> frames;

std::uint64_t content(std::uint64_t frame) { return frame ^ 0x5061676573000000; }

/// Runs the kernel in a separate address space, with pages whose contents identify them.
struct Scene {
    Scene() : space(address_spaces::create(1)) {
        for (std::uint64_t& frame : frames) {
            frame = pages::allocate();
            *linear_pointer<std::uint64_t>(frame) = content(frame);
        }
        address_spaces::load(space.root);
    }
    ~Scene() {
        address_spaces::load(address_spaces::kernel().root);
        address_spaces::destroy(space);
        for (const std::uint64_t frame : frames)
            pages::release(frame);
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    AddressSpace space;
};

/// Counts the pages that do not hold the contents of frame `shift` + page number.
std::uint64_t wrong_contents(std::uint64_t pages, std::uint64_t shift) {
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < pages; ++i) {
        std::uint64_t found = 0;
        if (!try_read(region + i * page_size, found) ||
            found != content(frames[(i + shift) % frame_count]))
            ++wrong;
    }
    return wrong;
}

/// Counts the pages that can be written. A page is written with the contents that it has.
std::uint64_t writable_pages(std::uint64_t pages, std::uint64_t shift) {
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < pages; ++i)
        if (try_write(region + i * page_size, content(frames[(i + shift) % frame_count])))
            ++count;
    return count;
}

std::uint64_t readable_pages(std::uint64_t pages) {
    std::uint64_t count = 0;
    std::uint64_t ignored = 0;
    for (std::uint64_t i = 0; i < pages; ++i)
        if (try_read(region + i * page_size, ignored))
            ++count;
    return count;
}

void expect_none(std::string_view name, std::string_view step, std::uint64_t wrong) {
    if (wrong == 0)
        passed(name);
    else
        failed(name, wrong, " pages wrong after ", step);
}

/// Tests the operations on `pages` pages; accesses must see each. `flush` executes what an outer
/// section has queued.
template <typename Flush>
void test_operations_on(std::string_view name, const AddressSpace& space, std::uint64_t pages,
                        Flush flush) {
    const auto wrong_behind = [&](auto operation, auto wrong) {
        operation();
        flush();
        address_ranges::invalidate(space, region, pages);
        return wrong();
    };
    using namespace address_ranges;
    const Frames all(frames);
    std::uint64_t wrong =
        wrong_behind([&] { map(space, region, pages, all, PageAccess::read_write); },
                     [&] { return wrong_contents(pages, 0) + pages - writable_pages(pages, 0); });
    if (wrong != 0)
        return expect_none(name, "map", wrong);
    wrong = wrong_behind([&] { protect(space, region, pages, PageAccess::read_only); },
                         [&] { return wrong_contents(pages, 0) + writable_pages(pages, 0); });
    if (wrong != 0)
        return expect_none(name, "protect", wrong);
    // Another frame for each page: the list starts with its second one.
    std::array<std::uint64_t, frame_count> others;
    for (std::uint32_t i = 0; i < frame_count; ++i)
        others[i] = frames[(i + 1) % frame_count];
    wrong = wrong_behind([&] { remap(space, region, pages, Frames(others)); },
                         [&] { return wrong_contents(pages, 1) + writable_pages(pages, 1); });
    if (wrong != 0)
        return expect_none(name, "remap", wrong);
    wrong =
        wrong_behind([&] { unmap(space, region, pages); }, [&] { return readable_pages(pages); });
    expect_none(name, "unmap", wrong);
}

void test_in_and_out_of_a_section(Cpu& cpu, const AddressSpace& space) {
    constexpr std::uint64_t few = 12;
    constexpr std::uint64_t many = 2 * abi::ring_capacity + 100;
    test_operations_on("page-tables", space, few, [] {});
    {
        const LazySection section(cpu);
        test_operations_on("page-tables-in-section", space, few, [&cpu] { flush_lazy_mode(cpu); });
    }
    test_operations_on("page-tables-long-batch", space, many, [] {});
}

/// Tests an access that comes before the update that allows it has been executed.
void test_queued_update(Cpu& cpu, const AddressSpace& space) {
    address_ranges::map(space, region, 1, frames, PageAccess::read_only);
    address_ranges::unmap(space, region, 1);
    const std::uint64_t resolved = cpu.resolved_faults;
    std::uint64_t found = 0;
    bool done = false;
    {
        const LazySection section(cpu);
        page_tables::write(page_tables::find(space.root, region),
                           frames[2] | pte::read_write | pte::user);
        done = try_read(region, found);
    }
    address_ranges::unmap(space, region, 1);
    // Under shadow paging the page fault causes a VM exit, so the monitor drains before the kernel
    // sees the fault.
    const bool queued = machine().interface == abi::Interface::lazy &&
                        machine().profile != abi::Profile::classic &&
                        paravirt::ask(abi::Call::set_pxe).type == abi::RelocationType::call_rel;
    if (!done || found != content(frames[2]))
        failed("fault-on-queued-update", "the page was not there");
    else if (queued && cpu.resolved_faults == resolved)
        failed("fault-on-queued-update", "the update was not queued");
    else
        passed("fault-on-queued-update");
}

struct HandlerPage {
    std::uint64_t* entry;
    std::uint64_t value;
};
HandlerPage handler_page;

std::uint64_t entry_for(std::uint64_t step) {
    return frames[step % frame_count] | pte::read_only | pte::user;
}

void update_in_handler(Cpu& cpu) {
    handler_page.value = entry_for(cpu.ticks);
    page_tables::write(handler_page.entry, handler_page.value);
}

/// The handler's entries go into the ring between any two of the section's.
void test_interrupts_in_section(Cpu& cpu, const AddressSpace& space) {
    constexpr std::uint64_t wanted_ticks = 20;
    constexpr std::uint64_t section_pages = 6;
    address_ranges::map(space, region, section_pages + 1, frames, PageAccess::read_only);
    std::uint64_t* const first = page_tables::find(space.root, region);
    handler_page = {first + section_pages, first[section_pages]};
    const std::uint64_t end = cpu.ticks + wanted_ticks;
    std::uint64_t wrong = 0;
    std::uint64_t step = 0;
    cpu.on_tick = update_in_handler;
    timer::start();
    while (cpu.ticks < end) {
        ++step;
        enter_lazy_mode(cpu, abi::LazyMode::mmu);
        paravirt::enable_interrupts();
        for (std::uint64_t i = 0; i < section_pages; ++i)
            page_tables::write(&first[i], entry_for(step + i));
        paravirt::disable_interrupts();
        leave_lazy_mode(cpu);
        address_ranges::invalidate(space, region, section_pages + 1);
        wrong += wrong_contents(section_pages, step);
        if ((first[section_pages] ^ handler_page.value) != 0)
            ++wrong;
    }
    timer::stop();
    cpu.on_tick = nullptr;
    address_ranges::unmap(space, region, section_pages + 1);
    if (wrong == 0)
        passed("interrupts-in-page-table-batch");
    else
        failed("interrupts-in-page-table-batch", wrong, " wrong in ", step, " steps");
}

} // namespace

void test_page_tables() {
    Cpu& cpu = this_cpu();
    cpu.lazy_mode_errors = 0;
    const Scene scene;
    test_in_and_out_of_a_section(cpu, scene.space);
    test_queued_update(cpu, scene.space);
    test_interrupts_in_section(cpu, scene.space);
}

} // namespace guest::tests
