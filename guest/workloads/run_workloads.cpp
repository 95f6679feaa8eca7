#include "guest/workloads/run_workloads.h"

#include "guest/boot/command_line.h"
#include "guest/boot/machine.h"
#include "guest/console/console.h"
#include "guest/interrupts/timer.h"
#include "guest/workloads/result_line.h"

namespace guest::workloads {
namespace {

const Workload* find(std::string_view name) {
    for (const Workload& workload : table)
        if (workload.name == name)
            return &workload;
    return nullptr;
}

bool possible(const Workload& workload) {
    return workload.kind != Kind::empty_vmcall || machine().lazyhv;
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
    if (workload.kind == Kind::page_tables)
        operations = run_page_tables(workload);
    else if (workload.kind == Kind::fork_exit)
        operations = run_fork_exit(workload);
    else
        operations = run_single_entries(workload, wanted);
    print_operations_result(workload, operations, measured());
}

void measure(const Workload& workload, std::uint64_t wanted) {
    const std::uint64_t switches = rounded_switches(workload, wanted);
    timer::stop();
    switch (workload.kind) {
    case Kind::switch_operations:
        run_switch_operations(workload, switches);
        break;
    case Kind::empty_vmcall:
        run_empty_vmcall(switches);
        break;
    case Kind::tasks:
        run_tasks(workload, switches);
        break;
    case Kind::address_space:
        run_address_spaces(workload, switches);
        break;
    case Kind::page_tables:
    case Kind::fork_exit:
    case Kind::single_entries:
        return measure_operations(workload, wanted);
    }
    print_result(workload, switches, measured());
}

} // namespace

bool run(std::string_view names, std::uint64_t switches) {
    if (names == "list") {
        for (const Workload& workload : table)
            console::print(workload.name, "\n");
        return true;
    }
    if (names == "all") {
        print_context();
        for (const Workload& workload : table)
            if (possible(workload))
                measure(workload, switches);
        return true;
    }
    if (!all_known(names))
        return false;
    print_context();
    while (!names.empty()) {
        const Workload& workload = *find(take_word(names, ','));
        if (possible(workload))
            measure(workload, switches);
        else // a list may be run beside the monitor and on the bare machine alike
            console::print("guest: workload ", workload.name, " left out: it needs the monitor\n");
    }
    return true;
}

} // namespace guest::workloads
