#include "guest/kernel/tasks/context_switch.h"

#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/debug_registers.h"
#include "guest/kernel/tasks/fpu.h"
#include "guest/kernel/tasks/io_permissions.h"
#include "guest/kernel/tasks/leave_point.h"
#include "guest/kernel/tasks/segment_registers.h"
#include "guest/kernel/tasks/tls.h"
#include "shared/guest_physical_layout.h"

#include <cstddef>

/// Saves the callee-saved registers and RSP, and continues on the other stack (switch_stack.S).
extern "C" void switch_stack(std::uint64_t* save_stack_pointer, std::uint64_t stack_pointer);

namespace guest {
namespace {

/// Leaves the lazy mode that the switch itself entered.
void leave_cpu_mode(Cpu& cpu) {
    const std::uint32_t error = paravirt::set_lazy_mode_checked(abi::LazyMode::none);
    if (error != 0) [[unlikely]]
        note_lazy_mode_error(cpu, error);
}

/// Ends the lazy section of the task that is switched away from. It goes on when the task does.
void leave_section(Cpu& cpu, Task& previous) {
    previous.lazy_mode = cpu.lazy_mode;
    leave_lazy_mode(cpu);
}
void enter_section_again(Cpu& cpu, Task& task) {
    enter_lazy_mode(cpu, task.lazy_mode);
    task.lazy_mode = abi::LazyMode::none;
}

void save_segment_registers(Task& previous) {
    previous.fs = segment_registers::fs();
    previous.gs = segment_registers::gs();
}

void load_segment_registers(const Task& previous, const Task& next) {
    if ((previous.fs | next.fs) != 0)
        segment_registers::load_fs(next.fs);
    if ((previous.gs | next.gs) != 0)
        segment_registers::load_gs(next.gs);
}

/// Counts a switch of stacks with entries in the queue. Such an entry would be executed only when
/// some other task leaves its section, and would stay on this processor when the task that queued
/// it moves to another one.
void note_unflushed_switch(Cpu& cpu) {
    if (!paravirt::bound())
        return;
    const auto& ring = *linear_pointer<const volatile abi::RingHeader>(abi::vcpu_area_base);
    if (ring.head != ring.tail)
        ++cpu.unflushed_switches;
}

static_assert(offsetof(Task, running) == offsetof(Task, stack_pointer) + 8); // switch_stack.S

} // namespace

void context_switch(Cpu& cpu, Task& previous, Task& next) {
    if (cpu.lazy_mode != abi::LazyMode::none) [[unlikely]]
        leave_section(cpu, previous);
    save_segment_registers(previous);

    // From here until the mode is left, operations may only be queued; no code in between may rely
    // on their effect.
    paravirt::set_lazy_mode(abi::LazyMode::cpu);
    if (previous.root != next.root) {
        cpu.root = next.root;
        paravirt::set_cr3(next.root);
    }
    cpu.kernel_stack = next.kernel_stack;
    paravirt::update_kernel_stack(cpu.tss, next.kernel_stack);
    tls::load(cpu, next);
    if ((previous.debug_control | next.debug_control) != 0) [[unlikely]]
        debug_registers::load(cpu, next);
    if ((previous.io.words | next.io.words) != 0) [[unlikely]]
        io_permissions::load(cpu, previous, next);
    const bool preload_fpu = fpu::begin_switch(cpu, previous, next);

    // The mode is left before the FPU restore, so that CR0.TS is up to date, and before the segment
    // loads, so that the GDT is.
    if constexpr (leave_point == LeavePoint::after_gs)
        load_segment_registers(previous, next);
    if constexpr (leave_point == LeavePoint::after_fpu)
        if (preload_fpu)
            fpu::finish_switch(next);
    leave_cpu_mode(cpu);
    if constexpr (leave_point != LeavePoint::after_fpu)
        if (preload_fpu)
            fpu::finish_switch(next);
    if constexpr (leave_point != LeavePoint::after_gs)
        load_segment_registers(previous, next);

    cpu.current = &next;
    next.running = 1;
    if (cpu.check_switches) [[unlikely]]
        note_unflushed_switch(cpu);
    switch_stack(&previous.stack_pointer, next.stack_pointer);
    if (previous.lazy_mode != abi::LazyMode::none) [[unlikely]]
        enter_section_again(this_cpu(), previous); // it may now run on another processor
}

} // namespace guest
