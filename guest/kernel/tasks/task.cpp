#include "guest/kernel/tasks/task.h"

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"

#include <new>

extern "C" {
extern const char user_image[];
void return_from_interrupt();

/// The boot task's block; kernel/boot/entry.S starts at its top.
alignas(guest::task_block_size) std::uint8_t boot_task_stack[guest::task_block_size];
}

namespace guest {
namespace {

/// What switch_stack pops (switch_stack.S).
struct SwitchFrame {
    std::uint64_t r15, r14, r13, r12, rbp, rbx;
    std::uint64_t return_address;
};

void prepare_stack(Task& task, const TaskStart& start) {
    auto* const frame = reinterpret_cast<InterruptFrame*>(task.kernel_stack) - 1;
    frame->rdi = start.argument[0];
    frame->rsi = start.argument[1];
    frame->rdx = start.argument[2];
    frame->rip = start.entry;
    frame->cs = user_code_selector;
    frame->rflags = rflags_fixed | rflags_if;
    frame->rsp = user_stack_top(start.stack) - sizeof(std::uint64_t); // as after a CALL
    frame->ss = user_data_selector;
    auto* const switch_frame = reinterpret_cast<SwitchFrame*>(frame) - 1;
    switch_frame->return_address = reinterpret_cast<std::uint64_t>(&return_from_interrupt);
    task.stack_pointer = address_of(switch_frame);
}

Task& make_main_task(std::uint8_t* block) {
    auto* const task = new (block) Task{};
    task->canary = task_canary;
    task->root = address_spaces::kernel().root;
    task->running = 1;
    task->kernel_stack = address_of(block) + task_block_size;
    return *task;
}

} // namespace

Task* create_task(const TaskStart& start) {
    auto* const block = linear_pointer<std::uint8_t>(pages::allocate_block());
    auto* const task = new (block) Task{};
    task->canary = task_canary;
    task->id = start.id;
    task->root = start.space->root;
    task->kernel_stack = address_of(block) + task_block_size;
    for (std::uint32_t i = 0; i < tls_slots; ++i)
        task->tls[i] = start.tls[i];
    task->fs = start.fs;
    task->gs = start.gs;
    task->debug_address[0] = start.debug_address0;
    task->debug_control = start.debug_control;
    prepare_stack(*task, start);
    return task;
}

Task* fork_task(const InterruptFrame& frame, const AddressSpace& space, std::uint64_t id) {
    TaskStart start{};
    start.id = id;
    start.space = &space;
    Task* const task = create_task(start);
    auto* const copy = reinterpret_cast<InterruptFrame*>(task->kernel_stack) - 1;
    *copy = frame;
    copy->rax = 0;
    return task;
}

void destroy_task(Task& task) {
    io_permissions::forget(this_cpu(), task);
    pages::release_block(to_physical(address_of(&task)));
}

Task& initialise_boot_task() { return make_main_task(boot_task_stack); }

Task& create_main_task() {
    return make_main_task(linear_pointer<std::uint8_t>(pages::allocate_block()));
}

void wait_until_gone(const Task& task) {
    while (*static_cast<const volatile std::uint64_t*>(&task.running) != 0)
        wait_a_moment();
}

std::uint64_t user_address(void (*function)()) {
    return reinterpret_cast<std::uint64_t>(function) - address_of(user_image) + user_image_base;
}

} // namespace guest
