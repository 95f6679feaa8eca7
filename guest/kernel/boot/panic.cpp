#include "guest/kernel/boot/panic.h"

#include "guest/kernel/boot/power.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/paravirt/operations.h"

#include <array>
#include <string_view>

namespace guest {
namespace {

/// Intel SDM vol. 3, table 6-1.
constexpr std::array<std::string_view, 22> exception_names{"#DE divide error",
                                                           "#DB debug",
                                                           "NMI",
                                                           "#BP breakpoint",
                                                           "#OF overflow",
                                                           "#BR bound range",
                                                           "#UD invalid opcode",
                                                           "#NM device not available",
                                                           "#DF double fault",
                                                           "coprocessor segment overrun",
                                                           "#TS invalid TSS",
                                                           "#NP segment not present",
                                                           "#SS stack fault",
                                                           "#GP general protection",
                                                           "#PF page fault",
                                                           "reserved",
                                                           "#MF x87 error",
                                                           "#AC alignment check",
                                                           "#MC machine check",
                                                           "#XM SIMD error",
                                                           "#VE virtualization",
                                                           "#CP control protection"};

struct Register {
    std::string_view name;
    std::uint64_t value;
};

void dump(const InterruptFrame& frame) {
    const std::array registers{Register{"rax", frame.rax},
                               Register{"rbx", frame.rbx},
                               Register{"rcx", frame.rcx},
                               Register{"rdx", frame.rdx},
                               Register{"rsi", frame.rsi},
                               Register{"rdi", frame.rdi},
                               Register{"rbp", frame.rbp},
                               Register{"rsp", frame.rsp},
                               Register{"r8 ", frame.r8},
                               Register{"r9 ", frame.r9},
                               Register{"r10", frame.r10},
                               Register{"r11", frame.r11},
                               Register{"r12", frame.r12},
                               Register{"r13", frame.r13},
                               Register{"r14", frame.r14},
                               Register{"r15", frame.r15},
                               Register{"rip", frame.rip},
                               Register{"cs ", frame.cs},
                               Register{"ss ", frame.ss},
                               Register{"rfl", frame.rflags},
                               Register{"cr2", paravirt::get_cr2()},
                               Register{"cr0", paravirt::get_cr0()},
                               Register{"cr3", paravirt::get_cr3()},
                               Register{"cr4", paravirt::get_cr4()}};
    constexpr std::uint32_t per_line = 4;
    for (std::uint32_t i = 0; i < registers.size(); ++i)
        console::print("  ", registers[i].name, " ", console::Hex{registers[i].value, 16},
                       (i + 1) % per_line == 0 ? "\n" : "");
}

/// A panic during a panic ends the run without another message.
void enter() {
    static std::atomic<bool> entered;
    static std::atomic<const Cpu*> panicking;
    paravirt::disable_interrupts();
    if (entered.exchange(true)) {
        // Another processor may have panicked first: it prints its message and ends the run.
        while (processors::several() && panicking != &this_cpu())
            asm volatile("pause");
        power::finish(1);
    }
    if (processors::several()) {
        panicking = &this_cpu();
        console::break_lock();
        console::print("guest: on processor ", this_cpu().number, "\n");
    }
}

} // namespace

void panic(const char* what) {
    enter();
    console::print("guest: panic: ", what, "\n");
    power::finish(1);
}

void panic(const InterruptFrame& frame) {
    enter();
    const std::string_view name =
        frame.vector < exception_names.size() ? exception_names[frame.vector] : "interrupt";
    console::print("guest: panic: ", name, " (vector ", frame.vector, ", error code ",
                   console::Hex{frame.error_code}, ") in ",
                   frame.from_user() ? "ring 3" : "the kernel", "\n");
    dump(frame);
    power::finish(1);
}

} // namespace guest
