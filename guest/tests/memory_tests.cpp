#include "guest/tests/memory_tests.h"

#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/programs/memory_task.h"
#include "guest/tests/task_crowd.h"
#include "guest/tests/task_tests.h"
#include "guest/tests/test_report.h"

#include <array>

namespace guest::tests {
namespace {

constexpr std::uint32_t parents = 4;
constexpr std::uint32_t max_children = 8;
constexpr std::uint64_t cooperative_switches = 600;
constexpr std::uint64_t preemptive_switches = 150;

/// Parents first; the slot of a child that has ended is reused.
std::array<Task*, parents + max_children> tasks;
std::uint64_t forks;

void destroy(Task*& task) {
    scheduler::remove(*task);
    AddressSpace space{task->root};
    destroy_task(*task);
    address_spaces::destroy(space);
    task = nullptr;
}

void create_parents(std::uint64_t flags) {
    for (std::uint32_t i = 0; i < parents; ++i) {
        const AddressSpace space = address_spaces::create(1);
        TaskStart start{};
        start.id = i + std::uint64_t{1};
        start.space = &space;
        start.entry = user_address(&memory_task);
        start.argument[0] = start.id;
        start.argument[1] = flags;
        tasks[i] = create_task(start);
        scheduler::add(*tasks[i]);
    }
}

void run_memory_phase(std::string_view name, std::uint64_t flags, std::uint64_t wanted) {
    create_parents(flags);
    run_phase(name, wanted);
    for (Task*& task : tasks)
        if (task != nullptr)
            destroy(task);
}

} // namespace

bool change_pages(const Task& task, programs::ProgramCall how, std::uint64_t first,
                  std::uint64_t count, bool writable) {
    if (first >= programs::memory_pages || count > programs::memory_pages - first)
        return false;
    const AddressSpace space{task.root};
    const std::uint64_t linear = user_memory_base + first * page_size;
    switch (how) {
    case programs::ProgramCall::map_pages:
        address_ranges::map_own(space, linear, count);
        return true;
    case programs::ProgramCall::unmap_pages:
        address_ranges::unmap(space, linear, count);
        return true;
    case programs::ProgramCall::protect_pages:
        address_ranges::protect(space, linear, count,
                                writable ? PageAccess::read_write : PageAccess::read_only);
        return true;
    case programs::ProgramCall::move_pages:
        address_ranges::move_own(space, linear, count);
        return true;
    default:
        return false;
    }
}

bool yield_in_section(Cpu& cpu) {
    const AddressSpace space{cpu.current->root};
    const Cpu* now = nullptr;
    const std::uint64_t switches = cpu.switches;
    bool good = true;
    {
        const LazySection section(cpu);
        address_ranges::map_own(space, user_scratch_page, 1);
        scheduler::yield();
        const std::uint64_t entry = *page_tables::find(space.root, user_scratch_page);
        now = &this_cpu();
        good = now->lazy_mode == abi::LazyMode::mmu &&
               ((now == &cpu && cpu.switches == switches) || (entry & pte::present) != 0);
    }
    address_ranges::unmap(space, user_scratch_page, 1);
    return good && now->lazy_mode == abi::LazyMode::none;
}

std::uint64_t fork_current(const InterruptFrame& frame) {
    if (task_crowd::running())
        return task_crowd::fork(frame);
    if (phase_over())
        return system_call_refused;
    for (std::uint32_t i = parents; i < tasks.size(); ++i) {
        if (tasks[i] != nullptr && tasks[i]->ended)
            destroy(tasks[i]);
        if (tasks[i] != nullptr)
            continue;
        const std::uint64_t id = 0x100 + ++forks;
        const AddressSpace space = address_spaces::fork({this_cpu().current->root});
        tasks[i] = fork_task(frame, space, id);
        scheduler::add(*tasks[i]);
        return id;
    }
    return system_call_refused;
}

void test_memory() {
    const Cpu& cpu = this_cpu();
    const std::uint64_t copied = cpu.copied_pages;
    forks = 0;
    run_memory_phase("memory-cooperative", 0, cooperative_switches);
    run_memory_phase("memory-preemptive", programs::memory_preemptive, preemptive_switches);
    if (forks != 0 && cpu.copied_pages != copied)
        passed("fork");
    else
        failed("fork", forks, " forks, ", cpu.copied_pages - copied, " pages copied");
}

} // namespace guest::tests
