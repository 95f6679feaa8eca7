#include "guest/workloads/run_workloads.h"

#include "guest/command_line.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/workloads/result_line.h"

namespace guest::workloads {
namespace {

const Workload* find(std::string_view name) {
    for (const Workload& workload : table)
        if (workload.name == name)
            return &workload;
    return nullptr;
}

/// Returns why a workload cannot run here on that many processors; empty if it can.
std::string_view obstacle(const Workload& workload, std::uint32_t processors) {
    if (processors > processors::count())
        return "there are not so many processors";
    switch (workload.kind) {
    case Kind::empty_vmcall:
        return machine().lazyhv ? "" : "it needs the monitor";
    case Kind::shootdown:
        return processors > 1 ? "" : "it needs several processors";
    case Kind::page_tables:
    case Kind::fork_exit:
    case Kind::single_entries:
        return processors == 1 ? "" : "it runs on one processor";
    case Kind::switch_operations:
    case Kind::tasks:
    case Kind::address_space:
        break;
    }
    return "";
}

bool all_known(std::string_view names) {
    while (!names.empty()) {
        const std::string_view name = take_word(names, ',');
        if (find(name) == nullptr) {
            console::print("guest: unknown workload: ", name, "\n");
            return false;
        }
    }
    return true;
}

void measure_operations(const Workload& workload, std::uint64_t wanted) {
    std::uint64_t operations = 0;
    if (workload.kind == Kind::page_tables || workload.kind == Kind::shootdown)
        operations = run_page_tables(workload);
    else if (workload.kind == Kind::fork_exit)
        operations = run_fork_exit(workload);
    else
        operations = run_single_entries(workload, wanted);
    print_operations_result(workload, operations, measured());
}

struct Measured {
    const Workload* workload;
    std::uint64_t switches; ///< of each processor
};
Measured now;

/// Runs one processor's part.
void run_switches(Cpu&) {
    switch (now.workload->kind) {
    case Kind::switch_operations:
        return run_switch_operations(*now.workload, now.switches);
    case Kind::empty_vmcall:
        return run_empty_vmcall(now.switches);
    case Kind::tasks:
        return run_tasks(*now.workload, now.switches);
    case Kind::address_space:
        return run_address_spaces(*now.workload, now.switches);
    case Kind::page_tables:
    case Kind::fork_exit:
    case Kind::shootdown:
    case Kind::single_entries:
        break;
    }
}

bool makes_switches(Kind kind) {
    return kind == Kind::switch_operations || kind == Kind::empty_vmcall || kind == Kind::tasks ||
           kind == Kind::address_space;
}

void measure(const Workload& workload, std::uint64_t wanted, std::uint32_t processors) {
    timer::stop();
    set_participants(processors);
    processors::run_on(processors, touch_counters);
    if (!makes_switches(workload.kind))
        return measure_operations(workload, wanted);
    now = {&workload, rounded_switches(workload, wanted)};
    processors::run_on(processors, run_switches);
    print_result(workload, processors * now.switches, measured());
}

void run_all(std::uint64_t switches, std::uint32_t processors) {
    for (const Workload& workload : table)
        if (obstacle(workload, processors).empty())
            measure(workload, switches, processors);
}

void run_named(std::string_view names, std::uint64_t switches, std::uint32_t processors) {
    while (!names.empty()) {
        const Workload& workload = *find(take_word(names, ','));
        const std::string_view why = obstacle(workload, processors);
        if (why.empty())
            measure(workload, switches, processors);
        else // the same list may be run with a monitor and on the bare machine
            console::print("guest: workload ", workload.name, " left out: ", why, "\n");
    }
}

} // namespace

bool run(std::string_view names, std::uint64_t switches, std::string_view processor_counts) {
    if (names == "list") {
        for (const Workload& workload : table)
            console::print(workload.name, "\n");
        return true;
    }
    const bool every = names == "all";
    if (!every && !all_known(names))
        return false;
    print_context();
    while (!processor_counts.empty()) {
        const std::uint32_t processors = take_processors(processor_counts);
        if (every)
            run_all(switches, processors);
        else
            run_named(names, switches, processors);
    }
    return true;
}

} // namespace guest::workloads
