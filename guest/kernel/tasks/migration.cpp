#include "guest/kernel/tasks/migration.h"

#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/tasks/scheduler.h"

namespace guest::migration {

void give(Cpu& to, Task& task) {
    if (&to == &this_cpu())
        return scheduler::add(task);
    {
        const LockGuard guard(to.inbox_lock);
        task.run_next = to.inbox;
        to.inbox = &task;
    }
    processor_interrupts::send(to, interrupts::wake_vector);
}

void move(Cpu& from, Cpu& to, Task& task) {
    scheduler::remove(task);
    // Otherwise the I/O bitmap of this processor would keep permissions that the task may have lost
    // by the time it comes back. FPU, TLS and debug registers need nothing: their state is in
    // memory, or is compared with what is loaded.
    io_permissions::forget(from, task);
    ++from.migrations;
    give(to, task);
}

void take_inbox(Cpu& cpu) {
    if (*static_cast<Task* volatile*>(&cpu.inbox) == nullptr)
        return;
    const LockGuard guard(cpu.inbox_lock);
    while (cpu.inbox != nullptr) {
        Task& task = *cpu.inbox;
        cpu.inbox = task.run_next;
        scheduler::add(task);
    }
}

} // namespace guest::migration
