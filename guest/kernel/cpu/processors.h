#pragma once
// The processors that run the kernel, and jobs for them. Each has a main task. It runs the tasks in
// the ring of its scheduler and the jobs that others give it, and otherwise waits for an interrupt.

#include "guest/kernel/cpu/cpu.h"

#include <cstdint>

namespace guest::processors {

/// How many processors there are; they are numbered from 0.
inline constinit std::uint32_t online_count = 1;
inline std::uint32_t count() { return online_count; }
inline bool several() { return online_count > 1; }

/// Whether every store to a descriptor table or page table causes a VM exit that waits for the VM
/// exits of all other processors. That decides how much a task gets done between two ticks of the
/// timer.
bool stores_wait();

/// A mask with a bit for each processor except `cpu`.
inline std::uint64_t all_but(const Cpu& cpu) {
    return ((std::uint64_t{1} << online_count) - 1) & ~(std::uint64_t{1} << cpu.number);
}

/// Lets the first `participants` processors do `job` at the same time. The caller takes part; it
/// must be processor 0, in its main task. Returns when all are done.
void run_on(std::uint32_t participants, Job job);

/// The same for all processors.
void run_on_all(Job job);

/// Lets another processor do `job` in its main task, as soon as that task runs. Does not wait.
void start_job(Cpu& cpu, Job job);
/// Waits until the job is done, with interrupts on meanwhile. To be called in a main task.
void wait_for_job(const Cpu& cpu);

/// Interrupts the first `participants` processors except this one, one after the other, and waits
/// until each has done `job`. Returns false if one does not answer.
bool interrupt(std::uint32_t participants, InterruptJob job);
/// The ticks of the TSC within which a processor must answer.
inline constexpr std::uint64_t answer_limit = 200'000'000;
bool interrupt(Cpu& cpu, InterruptJob job, std::uint64_t limit = answer_limit);

/// Handles an interrupt with job_vector.
void run_interrupt_job(Cpu& cpu, const InterruptFrame& frame);

/// The main task of a processor that has just started. Interrupts are off.
[[noreturn]] void wait_for_work(Cpu& cpu);

/// Halts until an interrupt has been handled. Interrupts are off before and after.
void wait_for_interrupt(Cpu& cpu);

/// Waits until `participants` processors have called it: those of one job wait for each other.
void barrier(std::uint32_t participants);

} // namespace guest::processors
