#pragma once
// A task. Its block of memory holds the Task at the bottom and the kernel stack above it.

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
    std::uint64_t id;     ///< identifier from 1; the boot task's is 0

    std::uint64_t root;          ///< CR3
    std::uint64_t stack_pointer; ///< of the kernel stack, while the task is not running
    std::uint64_t running;       ///< not 0 while a processor is on its kernel stack
    std::uint64_t kernel_stack;  ///< top of the kernel stack

    Task* run_next; ///< ring of runnable tasks; null if not in it
    Task* run_previous;

    std::uint64_t tls[tls_slots]; ///< descriptors; 0 for none
    std::uint16_t fs;             ///< selectors, while the task is not running
    std::uint16_t gs;

    bool has_fpu_state;       ///< the state is in `fpu`, or in the registers
    bool used_fpu;            ///< the FPU registers hold its state
    std::uint8_t fpu_counter; ///< successive slices in which it used the FPU; at most 255

    abi::LazyMode lazy_mode; ///< mode of the section in which it was switched away from; entered
                             ///< again when it runs

    std::uint64_t debug_address[4]; ///< DR0-3
    std::uint64_t debug_control;    ///< DR7; 0 if it uses no debug registers
    IoPermissions io;

    std::uint64_t
        fault_handler;        ///< ring-3 address where it goes on after a fault; 0: a fault ends it
    std::uint64_t debug_hits; ///< debug exceptions that it has taken
    bool ended;               ///< it will not run again, but may still be `running`

    FxsaveArea fpu;
};

/// The initial state of a task.
struct TaskStart {
    std::uint64_t id;
    const AddressSpace* space;
    std::uint32_t stack;          ///< index of its user stack in the address space
    std::uint64_t entry;          ///< user address
    std::uint64_t argument[3];    ///< RDI, RSI, RDX
    std::uint64_t tls[tls_slots]; ///< descriptors
    std::uint16_t fs;
    std::uint16_t gs;
    std::uint64_t debug_address0; ///< DR0
    std::uint64_t debug_control;  ///< DR7
};

/// Creates a task that will start in ring 3. It is not runnable yet. The caller destroys it once it
/// is neither running nor runnable.
Task* create_task(const TaskStart& start);
void destroy_task(Task& task);

/// Copies the running task into `space`, a fork of its address space. The copy returns to ring 3
/// from the same system call, with 0 in RAX. FPU state, TLS and ports are not copied.
Task* fork_task(const InterruptFrame& frame, const AddressSpace& space, std::uint64_t id);

/// Makes the code that has been running since boot a task, without a user half.
Task& initialise_boot_task();
/// Creates the main task of another processor, which has not started yet and will start as this
/// task.
Task& create_main_task();

/// Waits until the processor that ran a task, which has ended, has switched away from it.
void wait_until_gone(const Task& task);

/// The task on whose kernel stack the caller runs.
inline Task& task_of_stack() {
    std::uint64_t stack_pointer = 0;
    asm volatile("movq %%rsp, %0" : "=r"(stack_pointer));
    return *reinterpret_cast<Task*>(stack_pointer & ~(task_block_size - 1));
}

/// The user address of a ring-3 function that is linked into the kernel's image.
std::uint64_t user_address(void (*function)());

} // namespace guest
