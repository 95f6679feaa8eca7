#include "guest/tests/crash.h"

#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/port.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/watchdog.h"
#include "shared/console.h"

#include <string_view>

namespace guest {
namespace {

/// Takes both stacks away. The exception finds no stack, the resulting page fault becomes a double
/// fault, and the stack of the double fault is missing too. (An empty IDT would do on bare
/// hardware, but a monitor that owns the IDT refuses one.)
[[noreturn]] void triple_fault() {
    constexpr std::uint64_t no_stack = page_size; // nothing is mapped there in the kernel's space
    const std::uint64_t top = this_cpu().tss->ist[emergency_stack - 1];
    const std::uint64_t root = address_spaces::kernel().root;
    // The stack may lie across two pages.
    std::uint64_t* const upper = page_tables::find(root, top - 1);
    std::uint64_t* const lower = page_tables::find(root, top - page_size);
    paravirt::set_pxe(0, upper);
    paravirt::set_pxe(0, lower);
    paravirt::inval_page(top - 1);
    paravirt::inval_page(top - page_size);
    for (;;)
        asm volatile("movq %0, %%rsp\n\tud2" : : "r"(no_stack));
}

[[noreturn]] void hang() {
    paravirt::disable_interrupts();
    for (;;)
        asm volatile("jmp .");
}

/// Ticks of the TSC; short enough for a test.
constexpr std::uint64_t patience = 20'000'000;

struct Hanging {
    std::uint32_t processor;
    bool answers; ///< hangs with interrupts on
};
Hanging hanging;

/// Hangs on one processor. The others wait for work, which the watchdog counts as progress.
void hang_or_wait(Cpu& cpu) {
    for (;;) {
        if (cpu.number == hanging.processor) {
            if (hanging.answers)
                paravirt::enable_interrupts();
            asm volatile("jmp .");
        }
        ++cpu.idle_rounds;
        processors::wait_for_interrupt(cpu);
    }
}

/// Hangs one processor until the watchdog ends the run.
void hang_one(Hanging how) {
    if (!processors::several())
        return console::print("guest: this crash needs several processors\n");
    hanging = how;
    processor_interrupts::forward_ticks(true);
    timer::start();
    watchdog::start(patience);
    processors::run_on_all(hang_or_wait);
}

/// Under Bochs. A part of the word, with another byte in it, does nothing.
void shut_down() {
    for (const char letter : std::string_view("Shut?"))
        port::out8(abi::bochs_exit_port, static_cast<std::uint8_t>(letter));
    console::print("guest: still there\n");
    for (const char letter : abi::bochs_exit_word)
        port::out8(abi::bochs_exit_port, static_cast<std::uint8_t>(letter));
}

} // namespace

void crash(Crash how) {
    switch (how) {
    case Crash::none:
        return;
    case Crash::triple_fault:
        console::print("guest: crash=triple-fault\n");
        triple_fault();
    case Crash::hang:
        console::print("guest: crash=hang\n");
        hang();
    case Crash::hang_processor_0:
        return hang_one({0, true});
    case Crash::hang_processor_1:
        return hang_one({1, true});
    case Crash::deaf_processor_1:
        return hang_one({1, false});
    case Crash::shutdown:
        return shut_down();
    }
}

} // namespace guest
