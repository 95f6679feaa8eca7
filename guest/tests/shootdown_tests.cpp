// Threads of one address space on all other processors access pages that processor 0 unmaps,
// protects and remaps. Once a change has returned, they must see it.

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/migration.h"
#include "guest/kernel/tasks/task.h"
#include "guest/programs/shootdown_task.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/task_checks.h"
#include "guest/tests/task_tests.h"
#include "guest/tests/test_report.h"

#include <algorithm>
#include <array>

namespace guest::tests {
namespace {

using programs::shootdown_pages;
using programs::ShootdownPage;

constexpr std::uint64_t rounds = 36;
constexpr std::uint64_t poison = 0xDEADDEADDEADDEAD;
constexpr std::uint64_t dwell = 4000; ///< ticks of the TSC for which a state lasts

using FrameArray = std::array<std::uint64_t, shootdown_pages>;

struct Scene {
    AddressSpace space;
    std::uint64_t control_frame;
    FrameArray frames;       ///< the frames mapped now, or until they were unmapped
    FrameArray other_frames; ///< the frames for the next remap
    std::array<Task*, max_processors> threads;
};
Scene scene;

volatile ShootdownPage& control() {
    return *linear_pointer<volatile ShootdownPage>(scene.control_frame);
}

void create_scene() {
    scene.space = address_spaces::create(processors::count());
    scene.control_frame = pages::allocate();
    for (std::uint64_t& frame : scene.frames)
        frame = pages::allocate();
    for (std::uint64_t& frame : scene.other_frames)
        frame = pages::allocate();
    address_ranges::map(scene.space, user_scratch_page, 1, Frames(&scene.control_frame, 1),
                        PageAccess::read_write);
    for (std::uint32_t i = 1; i < processors::count(); ++i) {
        TaskStart start{};
        start.id = i;
        start.space = &scene.space;
        start.stack = i;
        start.entry = user_address(&shootdown_task);
        start.argument[0] = i;
        scene.threads[i] = create_task(start);
        migration::give(cpu_of(i), *scene.threads[i]);
    }
    while (control().started != processors::count() - 1)
        wait_a_moment();
}

void destroy_scene() {
    control().stop = 1;
    for (std::uint32_t i = 1; i < processors::count(); ++i) {
        Task& thread = *scene.threads[i];
        while (!*static_cast<volatile bool*>(&thread.ended))
            wait_a_moment();
        wait_until_gone(thread);
        destroy_task(thread);
    }
    address_spaces::destroy(scene.space);
    pages::release(scene.control_frame);
    for (const std::uint64_t frame : scene.frames)
        pages::release(frame);
    for (const std::uint64_t frame : scene.other_frames)
        pages::release(frame);
}

void fill(const FrameArray& frames, std::uint64_t content) {
    for (std::uint64_t i = 0; i < shootdown_pages; ++i) {
        auto* const words = linear_pointer<volatile std::uint64_t>(frames[i]);
        for (std::uint32_t word = 0; word < 1 + max_processors; ++word)
            words[word] = word == 0 ? content + i : content;
    }
}

/// Counts the words that were written in pages that can no longer be written.
std::uint64_t written(const FrameArray& frames, std::uint64_t content) {
    std::uint64_t count = 0;
    for (std::uint64_t i = 0; i < shootdown_pages; ++i) {
        const auto* const words = linear_pointer<const volatile std::uint64_t>(frames[i]);
        for (std::uint32_t word = 1; word < 1 + max_processors; ++word)
            count += words[word] != content ? 1U : 0U;
    }
    return count;
}

void wait_for_accesses() {
    const std::uint64_t begin = paravirt::rdtsc();
    while (paravirt::rdtsc() - begin < dwell)
        wait_a_moment();
}

/// The threads judge their accesses only between the end of a change and the beginning of the next.
void begin_change() {
    control().state = (control().state & ~programs::pages_state_mask) + programs::pages_state_step +
                      programs::pages_changing;
    asm volatile("mfence" : : : "memory");
}
void end_change(std::uint64_t kind) {
    control().state = control().state | kind;
    wait_for_accesses();
}

/// Calls `change` for the pages in steps of `step`.
template <typename Change>
void in_steps(std::uint64_t step, Change change) {
    for (std::uint64_t i = 0; i < shootdown_pages; i += step)
        change(user_memory_base + i * page_size, std::min(step, shootdown_pages - i), i);
}

/// Goes through the states one after the other. Returns the number of pages that were written after
/// they had been unmapped.
std::uint64_t run_round(std::uint64_t step, std::uint64_t content) {
    begin_change();
    fill(scene.frames, content);
    control().content = content;
    in_steps(step, [&](std::uint64_t linear, std::uint64_t pages, std::uint64_t first) {
        address_ranges::map(scene.space, linear, pages, Frames(&scene.frames[first], pages),
                            PageAccess::read_write);
    });
    end_change(programs::pages_writable);

    begin_change();
    in_steps(step, [&](std::uint64_t linear, std::uint64_t pages, std::uint64_t) {
        address_ranges::protect(scene.space, linear, pages, PageAccess::read_only);
    });
    fill(scene.frames, content);
    end_change(programs::pages_read_only);
    std::uint64_t wrong = written(scene.frames, content);

    begin_change();
    fill(scene.other_frames, content + 0x1000);
    in_steps(step, [&](std::uint64_t linear, std::uint64_t pages, std::uint64_t first) {
        address_ranges::remap(scene.space, linear, pages,
                              Frames(&scene.other_frames[first], pages));
    });
    fill(scene.frames, poison);
    control().content = content + 0x1000;
    end_change(programs::pages_read_only);

    begin_change();
    in_steps(step, [&](std::uint64_t linear, std::uint64_t pages, std::uint64_t) {
        address_ranges::protect(scene.space, linear, pages, PageAccess::read_write);
    });
    end_change(programs::pages_writable);

    begin_change();
    in_steps(step, [&](std::uint64_t linear, std::uint64_t pages, std::uint64_t) {
        address_ranges::unmap(scene.space, linear, pages);
    });
    fill(scene.other_frames, poison);
    end_change(programs::pages_unmapped);
    wrong += written(scene.other_frames, poison) + written(scene.frames, poison);
    return wrong;
}

void test_threads() {
    begin_checks();
    create_scene();
    std::uint64_t wrong = 0;
    constexpr std::array<std::uint64_t, 3> steps{1, 8, shootdown_pages};
    for (std::uint64_t i = 0; i < rounds; ++i)
        wrong += run_round(steps[i % steps.size()], 0x10000 * (i + 1));
    destroy_scene();
    if (wrong + wrong_checks() != 0) {
        failed("smp-shootdown", wrong, " words written too late, ", wrong_checks(),
               " accesses as they must not be");
    } else if (checks_made() == 0) {
        failed("smp-shootdown", "never checked");
    } else {
        passed("smp-shootdown");
    }
}

std::array<AddressSpace, 2> crossed;

/// Two processors each run the address space that the other one changes.
void shoot_each_other(Cpu& cpu) {
    constexpr std::uint64_t crossed_rounds = 100;
    processors::barrier(processors::count());
    if (cpu.number >= crossed.size())
        return;
    const AddressSpace& own = crossed[cpu.number];
    const AddressSpace& other = crossed[1 - cpu.number];
    address_spaces::load(own.root);
    for (std::uint64_t i = 0; i < crossed_rounds; ++i) {
        address_ranges::map_own(other, user_memory_base, 3);
        address_ranges::unmap(other, user_memory_base, 3);
    }
    address_spaces::load(address_spaces::kernel().root);
}

void test_crossed() {
    for (AddressSpace& space : crossed)
        space = address_spaces::create(1);
    processors::run_on_all(shoot_each_other);
    for (AddressSpace& space : crossed)
        address_spaces::destroy(space);
    passed("smp-shootdown-crossed"); // a deadlock would never get here
}

} // namespace

void test_shootdowns() {
    test_threads();
    test_crossed();
}

} // namespace guest::tests
