#pragma once
// A task: its block of memory holds the Task at the bottom and the kernel stack above it.

#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/tasks/io_permissions.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace guest {

struct InterruptFrame;

/// Bytes of a task's block, and its alignment: the Task is found from any kernel stack pointer.
inline constexpr std::uint64_t task_block_size = 16384;
inline constexpr std::uint64_t task_canary = 0x6B6E617473617420;

/// The image of FXSAVE (Intel SDM vol. 1, 10.5.1).
struct alignas(16) FxsaveArea {
    std::uint8_t bytes[512];
};

struct Task {
    std::uint64_t canary; ///< task_canary: the stack has not grown into the Task
    std::uint64_t id;     ///< from 1; the boot task is 0

    std::uint64_t root;          ///< CR3
    std::uint64_t stack_pointer; ///< of the kernel stack, while it does not run
    std::uint64_t running;       ///< not 0 while a processor is on its kernel stack
    std::uint64_t kernel_stack;  ///< top of the kernel stack

    Task* run_next; ///< ring of runnable tasks; null if not in it
    Task* run_previous;

    std::uint64_t tls[tls_slots]; ///< descriptors; 0 for none
    std::uint16_t fs;             ///< selectors, while it does not run
    std::uint16_t gs;

    bool has_fpu_state;       ///< `fpu` is valid, or its state is in the registers
    bool used_fpu;            ///< its state is in the registers
    std::uint8_t fpu_counter; ///< slices in a row in which it used the FPU; stays at 255

    abi::LazyMode
        lazy_mode; ///< of the section it was switched away from; entered again when it runs

    std::uint64_t debug_address[4]; ///< DR0-3
    std::uint64_t debug_control;    ///< DR7; 0 if it uses no debug registers
    IoPermissions io;

    std::uint64_t fault_handler; ///< ring-3 address that its next faults go to; 0: they end it
    std::uint64_t debug_hits;    ///< #DB it has taken
    bool ended;                  ///< it will not run again, but may still be `running`

    FxsaveArea fpu;
};

/// What a new task starts with.
struct TaskStart {
    std::uint64_t id;
    const AddressSpace* space;
    std::uint32_t stack;          ///< index of its user stack in that address space
    std::uint64_t entry;          ///< user address
    std::uint64_t argument[3];    ///< RDI, RSI, RDX
    std::uint64_t tls[tls_slots]; ///< descriptors
    std::uint16_t fs;
    std::uint16_t gs;
    std::uint64_t debug_address0; ///< DR0
    std::uint64_t debug_control;  ///< DR7
};

/// A new task that will start in ring 3, not yet runnable. The caller destroys it, once it neither
/// runs nor is runnable.
Task* create_task(const TaskStart& start);
void destroy_task(Task& task);

/// A copy of the running task in `space`, a fork of its address space: it returns to ring 3 from
/// the same system call, with 0 in RAX. Without FPU state, TLS and ports.
Task* fork_task(const InterruptFrame& frame, const AddressSpace& space, std::uint64_t id);

/// Makes the code that runs since boot a task, without a user half.
Task& initialise_boot_task();
/// The same for another processor, which has not started yet: the task it will start as.
Task& create_main_task();

/// Waits until a task that has ended, on whatever processor, has been switched away from.
void wait_until_gone(const Task& task);

/// The task on whose kernel stack this runs.
inline Task& task_of_stack() {
    std::uint64_t stack_pointer = 0;
    asm volatile("movq %%rsp, %0" : "=r"(stack_pointer));
    return *reinterpret_cast<Task*>(stack_pointer & ~(task_block_size - 1));
}

/// The address at which a ring-3 function of the kernel's image runs.
std::uint64_t user_address(void (*function)());

} // namespace guest
