#pragma once
// The processors that run the kernel, and work for them. Each has a main task, which runs what the
// ring of its scheduler holds and what others ask it to do, and else waits for an interrupt.

#include "guest/kernel/cpu/cpu.h"

#include <cstdint>

namespace guest::processors {

/// How many there are; their numbers are those below.
inline constinit std::uint32_t online_count = 1;
inline std::uint32_t count() { return online_count; }
inline bool several() { return online_count > 1; }

/// Whether every store to a descriptor or page table is a VM exit that waits for those of all other
/// processors: what a task does between two ticks of the timer is measured by that.
bool stores_wait();

/// A bit for each processor but this one.
inline std::uint64_t all_but(const Cpu& cpu) {
    return ((std::uint64_t{1} << online_count) - 1) & ~(std::uint64_t{1} << cpu.number);
}

/// Lets the first `participants` processors do `job` at the same time, this one, which must be
/// processor 0 in its main task, included. Returns when all have done it.
void run_on(std::uint32_t participants, Job job);

/// The same for all.
void run_on_all(Job job);

/// Lets another processor do `job` in its main task, as soon as that runs. Does not wait.
void start_job(Cpu& cpu, Job job);
/// Waits until it is done, with interrupts on meanwhile. In a main task.
void wait_for_job(const Cpu& cpu);

/// Interrupts the first `participants` processors but this one for `job`, one after the other, and
/// waits until it is done. False if one does not answer.
bool interrupt(std::uint32_t participants, InterruptJob job);
/// Ticks of the TSC in which a processor answers.
inline constexpr std::uint64_t answer_limit = 200'000'000;
bool interrupt(Cpu& cpu, InterruptJob job, std::uint64_t limit = answer_limit);

/// What an interrupt with job_vector does.
void run_interrupt_job(Cpu& cpu, const InterruptFrame& frame);

/// The main task of a processor that has just started. Interrupts are off.
[[noreturn]] void wait_for_work(Cpu& cpu);

/// Halts until an interrupt has been handled. Interrupts are off before and after.
void wait_for_interrupt(Cpu& cpu);

/// Processors of one job wait for each other.
void barrier(std::uint32_t participants);

} // namespace guest::processors
