#include "guest/kernel/tasks/scheduler.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/tasks/context_switch.h"

namespace guest::scheduler {
namespace {

constexpr std::uint64_t never = ~std::uint64_t{0};

void go_to_boot_task(Cpu& cpu, Task& task) { context_switch(cpu, task, *cpu.main); }

} // namespace

void add(Task& task) {
    Task*& first = this_cpu().run_first;
    if (first == nullptr) {
        task.run_next = &task;
        task.run_previous = &task;
        first = &task;
        return;
    }
    Task& last = *first->run_previous;
    task.run_next = first;
    task.run_previous = &last;
    last.run_next = &task;
    first->run_previous = &task;
}

void remove(Task& task) {
    if (task.run_next == nullptr)
        return;
    Task*& first = this_cpu().run_first;
    if (first == &task)
        first = task.run_next == &task ? nullptr : task.run_next;
    task.run_previous->run_next = task.run_next;
    task.run_next->run_previous = task.run_previous;
    task.run_next = nullptr;
    task.run_previous = nullptr;
}

void run() {
    Cpu& cpu = this_cpu();
    if (cpu.run_first != nullptr)
        context_switch(cpu, *cpu.main, *cpu.run_first);
}

void set_alarm(Cpu& cpu, std::uint64_t switches_from_now, Alarm alarm) {
    cpu.alarm = alarm;
    cpu.alarm_at = cpu.switches + switches_from_now;
}

void clear_alarm(Cpu& cpu) { cpu.alarm_at = never; }

void yield() {
    Cpu& cpu = this_cpu();
    Task& task = *cpu.current;
    if (task.run_next == &task) [[unlikely]]
        return;
    if (cpu.switches == cpu.alarm_at) [[unlikely]] {
        if (cpu.alarm(cpu))
            return go_to_boot_task(cpu, task);
        if (task.run_next == &task) // the alarm has given the others away
            return;
    }
    ++cpu.switches;
    context_switch(cpu, task, *task.run_next);
}

void exit() {
    Cpu& cpu = this_cpu();
    Task& task = *cpu.current;
    Task* const next = task.run_next == &task ? cpu.main : task.run_next;
    remove(task);
    io_permissions::forget(cpu, task); // another processor may destroy it
    task.ended = true;
    context_switch(cpu, task, *next);
    panic("a task that ended ran again");
}

} // namespace guest::scheduler
