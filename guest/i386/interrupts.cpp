#include "guest/i386/interrupts.h"

#include "guest/i386/console.h"
#include "guest/i386/selectors.h"
#include "guest/kernel/cpu/port.h"

#include <array>

extern "C" {
extern std::uint64_t gdt[];
extern const std::uint8_t exception_stubs[];
extern volatile std::uint32_t ticks;
void timer_interrupt();
void return_from_user();
[[noreturn]] void report_exception(std::uint32_t vector, const std::uint32_t* frame);
}

namespace guest::i386 {
namespace {

constexpr std::uint32_t timer_vector = 0x20;
constexpr std::uint64_t gate_of_ring_0 = 0x8E;
constexpr std::uint64_t gate_of_ring_3 = 0xEE;

struct TaskState {
    std::uint32_t link;
    std::uint32_t esp0;
    std::uint32_t ss0;
    std::uint32_t rest[23];
};
static_assert(sizeof(TaskState) == 104);

std::array<std::uint64_t, 256> idt;
TaskState task;
alignas(16) std::array<std::uint8_t, 4096> interrupt_stack;

template <class T>
std::uint32_t address(T* pointer) {
    return reinterpret_cast<std::uint32_t>(pointer);
}

/// An interrupt gate (Intel SDM vol. 3, 6.11).
std::uint64_t gate(std::uint32_t handler, std::uint64_t rights) {
    return (handler & 0xFFFF) | std::uint64_t{KERNEL_CODE} << 16 | rights << 40 |
           std::uint64_t{handler >> 16} << 48;
}

void load_tables() {
    constexpr std::uint32_t stub_size = 8;
    for (std::uint32_t vector = 0; vector < 32; ++vector)
        idt[vector] = gate(address(exception_stubs) + vector * stub_size, gate_of_ring_0);
    idt[timer_vector] = gate(address(timer_interrupt), gate_of_ring_0);
    idt[RETURN_VECTOR] = gate(address(return_from_user), gate_of_ring_3);
    const struct [[gnu::packed]] {
        std::uint16_t limit;
        std::uint32_t base;
    } pointer{sizeof(idt) - 1, address(idt.data())};
    asm volatile("lidt %0" : : "m"(pointer));

    task.ss0 = KERNEL_DATA;
    task.esp0 = address(interrupt_stack.end());
    const std::uint64_t base = address(&task);
    gdt[TASK / 8] = (sizeof(task) - 1) | (base & 0xFFFFFF) << 16 | std::uint64_t{0x89} << 40 |
                    (base >> 24) << 56;
    asm volatile("ltr %w0" : : "r"(TASK));
}

// The two interrupt controllers at vectors from 0x20 on, with the timer alone not masked, and the
// timer at 1000 Hz.
void start_timer() {
    constexpr std::uint16_t divisor = 1193;
    for (const bool first : {true, false}) {
        const std::uint16_t controller = first ? 0x20 : 0xA0;
        const std::uint16_t data = first ? 0x21 : 0xA1;
        port::out8(controller, 0x11);
        port::out8(data, first ? timer_vector : timer_vector + 8);
        port::out8(data, first ? 4 : 2);
        port::out8(data, 1);
        port::out8(data, first ? 0xFE : 0xFF);
    }
    port::out8(0x43, 0x34);
    port::out8(0x40, divisor & 0xFF);
    port::out8(0x40, divisor >> 8);
}

} // namespace

void prepare_interrupts() {
    constexpr std::uint32_t ia32_sysenter_cs = 0x174;
    load_tables();
    start_timer();
    asm volatile("wrmsr" : : "c"(ia32_sysenter_cs), "a"(KERNEL_CODE), "d"(0));
}

std::uint32_t timer_ticks() { return ticks; }

} // namespace guest::i386

void report_exception(std::uint32_t vector, const std::uint32_t* frame) {
    using namespace guest::i386;
    print("exception ");
    print_hex(vector);
    print(", stack ");
    for (int word = 0; word < 4; ++word) {
        print_hex(frame[word]);
        print(" ");
    }
    fail("exception");
}
