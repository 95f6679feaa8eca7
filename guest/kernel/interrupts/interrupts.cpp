#include "guest/kernel/interrupts/interrupts.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/hooks.h"
#include "guest/kernel/interrupts/processor_interrupts.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/tasks/system_call.h"

/// Entry stubs (kernel/interrupts/entry.S): exceptions and IRQs in the order of their vectors, then
/// system_call_vector and test_vector, then those of the local APIC; `interrupt_stub_size` bytes
/// each.
extern "C" const char interrupt_stubs[];

namespace guest::interrupts {
namespace {

constexpr std::uint32_t stub_size = 16;
constexpr std::uint32_t ordered_stubs = first_irq + irqs;
constexpr std::uint32_t first_processor_stub = ordered_stubs + 2;

std::uint64_t stub(std::uint32_t index) {
    return reinterpret_cast<std::uint64_t>(interrupt_stubs) + std::uint64_t{index} * stub_size;
}

} // namespace

std::uint64_t entry_of(std::uint32_t vector) {
    if (vector < ordered_stubs)
        return stub(vector);
    if (vector == system_call_vector)
        return stub(ordered_stubs);
    if (vector >= first_processor_vector && vector < first_processor_vector + processor_vectors)
        return stub(first_processor_stub + vector - first_processor_vector);
    return vector == spurious_vector ? stub(first_processor_stub + processor_vectors) : 0;
}

std::uint64_t test_entry() { return stub(ordered_stubs + 1); }

/// Called by every entry stub, interrupts off.
extern "C" void handle_interrupt(InterruptFrame& frame) {
    if (frame.vector < exceptions) {
        handle_exception(frame);
    } else if (frame.vector < ordered_stubs) {
        timer::handle_irq(frame, static_cast<std::uint32_t>(frame.vector) - first_irq);
    } else if (frame.vector == system_call_vector) {
        frame.rax = frame.rax == static_cast<std::uint64_t>(SystemCall::fork)
                        ? hooks::fork(frame)
                        : system_call(frame.rax, frame.rdi, frame.rsi, frame.rdx);
    } else if (frame.vector >= first_processor_vector) {
        processor_interrupts::handle(frame);
    } else {
        ++this_cpu().software_interrupts;
    }
}

} // namespace guest::interrupts
