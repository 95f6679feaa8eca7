#include "guest/hostile/caught.h"

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"

#include <atomic>

/// Calls `function(argument)` (caught.S). Saves the callee-saved registers, and the stack pointer
/// in `*stack_pointer`.
extern "C" void hostile_call(void (*function)(void*), void* argument, std::uint64_t* stack_pointer);
extern "C" const char hostile_landing[];

namespace guest::hostile {
namespace {

struct Catcher {
    bool armed;
    std::uint32_t processor;
    std::uint64_t stack_pointer;
    StepHandler on_step;
    Caught caught;
};
constinit Catcher catcher{};

std::atomic<bool> counts_nmis;
std::atomic<std::uint64_t> nmis;

} // namespace

Caught catch_exception(void (*function)(void*), void* argument, StepHandler on_step) {
    catcher.processor = this_cpu().number;
    catcher.on_step = on_step;
    catcher.caught = {};
    catcher.armed = true;
    hostile_call(function, argument, &catcher.stack_pointer);
    catcher.armed = false;
    return catcher.caught;
}

bool take_exception(InterruptFrame& frame) {
    if (frame.vector == interrupts::non_maskable && counts_nmis) {
        nmis.fetch_add(1);
        return true;
    }
    if (!catcher.armed || this_cpu().number != catcher.processor)
        return false;
    if (frame.vector == interrupts::debug && catcher.on_step != nullptr && catcher.on_step(frame))
        return true;
    catcher.armed = false;
    catcher.caught = {static_cast<std::uint32_t>(frame.vector), frame.error_code, frame.rip,
                      frame.rax};
    frame.rip = reinterpret_cast<std::uint64_t>(hostile_landing);
    frame.cs = kernel_code_selector;
    frame.rflags = rflags_fixed;
    frame.rsp = catcher.stack_pointer;
    frame.ss = kernel_data_selector;
    return true;
}

void count_nmis() {
    nmis = 0;
    counts_nmis = true;
}

std::uint64_t counted_nmis() { return nmis; }

std::uint64_t stop_counting_nmis() {
    counts_nmis = false;
    return nmis;
}

} // namespace guest::hostile
