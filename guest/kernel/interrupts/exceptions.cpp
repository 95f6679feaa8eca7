#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/hooks.h"
#include "guest/kernel/interrupts/exception_fixup.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/page_fault.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/debug_registers.h"
#include "guest/kernel/tasks/fpu.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/kernel/tasks/task.h"

#include <span>

extern "C" {
extern const guest::ExceptionFixup exception_fixups[];
extern const guest::ExceptionFixup exception_fixups_end[];
}

namespace guest::interrupts {
namespace {

/// If the faulting instruction has recovery code, goes on there. Must not touch this_cpu(): a %gs
/// load faults while the user's GS base is loaded.
bool fix_up(InterruptFrame& frame) {
    for (const ExceptionFixup& fixup : std::span(exception_fixups, exception_fixups_end)) {
        if (frame.rip == fixup.instruction) {
            frame.rip = fixup.recovery;
            return true;
        }
    }
    return false;
}

/// Handles #NM in the kernel: an FPU restore whose CLTS has not taken effect yet, because it still
/// waits in the ring. The self-tests report how often that happened. Leaving the lazy mode drains
/// the ring.
void device_not_available_in_kernel(Cpu& cpu) {
    ++cpu.fpu_faults;
    paravirt::set_lazy_mode(abi::LazyMode::none);
    paravirt::clts();
}

void fault_of_task(Cpu& cpu, InterruptFrame& frame) {
    if (hooks::take_exception(frame))
        return;
    Task& task = *cpu.current;
    if (task.fault_handler != 0) {
        frame.rip = task.fault_handler;
        frame.rax = frame.vector;
        return;
    }
    hooks::task_died(task, frame);
    scheduler::exit();
}

} // namespace

void handle_exception(InterruptFrame& frame) {
    if (!frame.from_user()) {
        if (hooks::take_exception(frame))
            return;
        if (frame.vector == page_fault && guest::page_fault::resolve(this_cpu(), frame))
            return;
        if (fix_up(frame))
            return;
        if (frame.vector == device_not_available)
            return device_not_available_in_kernel(this_cpu());
        panic(frame);
    }
    Cpu& cpu = this_cpu();
    switch (frame.vector) {
    case device_not_available:
        return fpu::first_use(cpu, *cpu.current);
    case page_fault:
        if (!guest::page_fault::resolve(cpu, frame))
            fault_of_task(cpu, frame);
        return;
    case debug:
        if (!hooks::take_exception(frame))
            debug_registers::hit(*cpu.current);
        return;
    case non_maskable:
    case double_fault:
        if (!hooks::take_exception(frame))
            panic(frame);
        return;
    default:
        return fault_of_task(cpu, frame);
    }
}

} // namespace guest::interrupts
