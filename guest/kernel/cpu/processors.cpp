#include "guest/kernel/cpu/processors.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/migration.h"
#include "guest/kernel/tasks/scheduler.h"

namespace guest {

void wait_a_moment() {
    shootdown::serve();
    asm volatile("pause");
}

namespace processors {
namespace {

struct Barrier {
    std::atomic<std::uint32_t> arrived;
    std::atomic<std::uint32_t> round;
};
Barrier the_barrier;

} // namespace

bool stores_wait() {
    const Machine& here = machine();
    return several() && here.lazyhv && here.interface == abi::Interface::native &&
           here.profile != abi::Profile::modern;
}

void start_job(Cpu& cpu, Job job) {
    cpu.job.store(job, std::memory_order_release);
    processor_interrupts::send(cpu, interrupts::wake_vector);
}

void wait_for_job(const Cpu& cpu) {
    while (cpu.job.load(std::memory_order_acquire) != nullptr) {
        // Processor 0's timer serves all processors.
        paravirt::enable_interrupts();
        wait_a_moment();
        paravirt::disable_interrupts();
        ++this_cpu().idle_rounds;
    }
}

void run_on(std::uint32_t participants, Job job) {
    for (std::uint32_t i = 1; i < participants; ++i)
        start_job(cpu_of(i), job);
    job(this_cpu());
    for (std::uint32_t i = 1; i < participants; ++i)
        wait_for_job(cpu_of(i));
}

void run_on_all(Job job) { run_on(count(), job); }

bool interrupt(Cpu& cpu, InterruptJob job, std::uint64_t limit) {
    cpu.interrupt_job.store(job, std::memory_order_release);
    processor_interrupts::send(cpu, interrupts::job_vector);
    const std::uint64_t begin = paravirt::rdtsc();
    while (cpu.interrupt_job.load(std::memory_order_acquire) != nullptr) {
        if (paravirt::rdtsc() - begin > limit)
            return false;
        wait_a_moment();
    }
    return true;
}

bool interrupt(std::uint32_t participants, InterruptJob job) {
    bool all = true;
    for (std::uint32_t i = 0; i < participants; ++i)
        if (i != this_cpu().number)
            all = interrupt(cpu_of(i), job) && all;
    return all;
}

void run_interrupt_job(Cpu& cpu, const InterruptFrame& frame) {
    const InterruptJob job = cpu.interrupt_job.load(std::memory_order_acquire);
    if (job == nullptr)
        return;
    job(cpu, frame);
    cpu.interrupt_job.store(nullptr, std::memory_order_release);
}

void wait_for_interrupt(Cpu& cpu) {
    const std::uint64_t begin = paravirt::rdtsc();
    paravirt::halt();
    paravirt::disable_interrupts();
    cpu.halted_ticks += paravirt::rdtsc() - begin;
}

void wait_for_work(Cpu& cpu) {
    for (;;) {
        paravirt::disable_interrupts();
        ++cpu.idle_rounds;
        migration::take_inbox(cpu);
        if (const Job job = cpu.job.load(std::memory_order_acquire); job != nullptr) {
            job(cpu);
            cpu.job.store(nullptr, std::memory_order_release);
        } else if (cpu.run_first != nullptr) {
            scheduler::run();
        } else {
            wait_for_interrupt(cpu);
        }
    }
}

void barrier(std::uint32_t participants) {
    const std::uint32_t round = the_barrier.round.load(std::memory_order_acquire);
    if (the_barrier.arrived.fetch_add(1) + 1 == participants) {
        the_barrier.arrived = 0;
        the_barrier.round.fetch_add(1, std::memory_order_release);
        return;
    }
    while (the_barrier.round.load(std::memory_order_acquire) == round)
        wait_a_moment();
}

} // namespace processors
} // namespace guest
