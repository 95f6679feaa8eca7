#pragma once
// The data of each processor, reached through the kernel's GS base (SWAPGS at every change between
// ring 3 and ring 0).

#include "guest/kernel/cpu/cpu_offsets.h"
#include "guest/kernel/cpu/descriptor_tables.h"
#include "guest/kernel/cpu/ticket_lock.h"
#include "shared/vcpu_area.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace guest {

struct Cpu;
struct InterruptFrame;
struct Task;

/// Work for a processor: in its main task, or in an interrupt.
using Job = void (*)(Cpu& cpu);
using InterruptJob = void (*)(Cpu& cpu, const InterruptFrame& frame);

struct alignas(64) Cpu {
    Cpu* self;
    std::uint64_t
        kernel_stack; ///< the stack on which a system call starts: the current task's, as TSS.RSP0
    std::uint64_t user_stack;     ///< scratch space of the system-call entry
    std::uint64_t segment_faults; ///< %fs or %gs loads of the kernel that faulted

    Task* current;
    Task* main; ///< the task the processor booted with
    std::uint64_t* gdt;
    std::uint64_t* idt;
    TaskStateSegment* tss;

    std::uint64_t root; ///< CR3 as loaded last
    std::uint64_t cr0;  ///< CR0 without TS

    std::uint64_t debug_address[4]; ///< DR0-3 as loaded last
    std::uint64_t debug_control;    ///< DR7 as loaded last
    Task* io_bitmap_owner;          ///< whose permissions the TSS's bitmap holds; may be null

    std::uint64_t switches; ///< context switches so far
    std::uint64_t alarm_at; ///< when `switches` reaches this, `alarm` runs before the next switch
    bool (*alarm)(Cpu&);    ///< scheduler::Alarm
    Task* run_first;        ///< first of the ring of runnable tasks; may be null

    std::uint64_t ticks;               ///< timer interrupts so far
    std::uint64_t next_preemption;     ///< the value of `ticks` from which one may preempt a task
    void (*on_tick)(Cpu&);             ///< called at each tick, if set
    std::uint64_t fpu_faults;          ///< #NM taken by the kernel itself
    std::uint64_t lazy_mode_errors;    ///< errors of leaves and of page-table operations
    std::uint64_t resolved_faults;     ///< page faults on updates that were only queued
    std::uint64_t copied_pages;        ///< page faults that gave a task its own copy
    std::uint64_t software_interrupts; ///< interrupts with the self-tests' vector

    std::atomic<Job> job; ///< work for its main task; null once done (processors.h)
    std::atomic<InterruptJob> interrupt_job; ///< null once done
    Task* inbox;              ///< tasks that others gave it, linked by Task::run_next (migration.h)
    std::uint64_t migrations; ///< tasks that it gave to others
    std::uint64_t unflushed_switches; ///< switches of stacks while anything was queued
    std::uint64_t idle_rounds;  ///< rounds in which its main task waited for work or for others
    std::uint64_t halted_ticks; ///< ticks of the TSC spent in processors::wait_for_interrupt
    std::uint64_t last_fault_address; ///< the address that page_fault::resolve saw last
    std::uint64_t last_fault_rip;
    std::uint32_t fault_repetitions;

    std::uint32_t number;          ///< from 0, the boot processor; also the number of the vCPU
    std::uint32_t apic_id;         ///< identifier of its local APIC
    std::uint32_t last_lazy_error; ///< the last error counted in lazy_mode_errors
    TicketLock inbox_lock;         ///< guards `inbox`
    abi::LazyMode
        lazy_mode; ///< mode of the section in which this processor is; not context_switch's own
    bool ts_set;   ///< CR0.TS as it was set last
    bool check_switches;      ///< a self-test wants `unflushed_switches`
    std::atomic<bool> online; ///< it runs the kernel
};
static_assert(offsetof(Cpu, self) == CPU_SELF);
static_assert(offsetof(Cpu, kernel_stack) == CPU_KERNEL_STACK);
static_assert(offsetof(Cpu, user_stack) == CPU_USER_STACK);
static_assert(offsetof(Cpu, segment_faults) == CPU_SEGMENT_FAULTS);

/// The processor this runs on.
inline Cpu& this_cpu() {
    Cpu* cpu = nullptr;
    asm volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(CPU_SELF));
    return *cpu;
}

/// Sets the GS base to this processor's Cpu. This is the first thing that the kernel does.
void enter_cpu(Cpu& cpu);

/// Initialises a Cpu. `main_task` will run there first.
void initialise_cpu(Cpu& cpu, std::uint32_t number, Task& main_task);

inline constexpr std::uint32_t max_processors = 8;

/// A processor by its number, below max_processors.
Cpu& cpu_of(std::uint32_t number);

} // namespace guest
