#pragma once
// What each processor has for itself, reached through the kernel's GS base (SWAPGS at every change
// between ring 3 and ring 0). One processor so far; nothing per-processor lies elsewhere.

#include "guest/cpu/cpu_offsets.h"
#include "guest/cpu/descriptor_tables.h"
#include "shared/vcpu_area.h"

#include <cstddef>
#include <cstdint>

namespace guest {

struct Task;

struct Cpu {
    Cpu* self;
    std::uint64_t kernel_stack;   ///< where a system call starts: the current task's, as TSS.RSP0
    std::uint64_t user_stack;     ///< scratch of the system-call entry
    std::uint64_t segment_faults; ///< %fs or %gs loads of the kernel that faulted

    Task* current;
    Task* main; ///< the task the processor booted with
    std::uint64_t* gdt;
    std::uint64_t* idt;
    TaskStateSegment* tss;

    std::uint64_t root; ///< CR3 as loaded last
    std::uint64_t cr0;  ///< CR0 without TS
    bool ts_set;        ///< CR0.TS as asked for last

    std::uint64_t debug_address[4]; ///< DR0-3 as loaded last
    std::uint64_t debug_control;    ///< DR7 as loaded last
    Task* io_bitmap_owner;          ///< whose permissions the TSS's bitmap holds; may be null

    std::uint64_t switches; ///< context switches so far
    std::uint64_t alarm_at; ///< when `switches` reaches this, `alarm` runs before the next switch
    bool (*alarm)(Cpu&);    ///< scheduler::Alarm
    Task* run_first;        ///< first of the ring of runnable tasks; may be null

    std::uint64_t ticks;               ///< timer interrupts so far
    void (*on_tick)(Cpu&);             ///< called in each, if set
    std::uint64_t fpu_faults;          ///< #NM taken by the kernel itself
    abi::LazyMode lazy_mode;           ///< of the section this runs in; not context_switch's own
    std::uint32_t last_lazy_error;     ///< the last of lazy_mode_errors
    std::uint64_t lazy_mode_errors;    ///< errors of leaves and of page-table operations
    std::uint64_t resolved_faults;     ///< page faults on updates that were only queued
    std::uint64_t copied_pages;        ///< page faults that gave a task its own copy
    std::uint64_t software_interrupts; ///< of the self-tests' vector
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

/// Sets GS base to the boot processor's Cpu. The first thing the kernel does.
void initialise_boot_cpu(Task& boot_task);

} // namespace guest
