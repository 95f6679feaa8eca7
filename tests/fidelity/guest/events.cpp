#include "tests/fidelity/guest/events.h"

#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/tables.h"

namespace fidelity {
namespace {

constexpr std::uint32_t max_events = 24;
constexpr std::uint64_t rflags_rf = 1 << 16;

/// What the processor pushes.
struct Frame {
    std::uint64_t rip, cs, rflags, rsp, ss;
};

struct Event {
    std::uint64_t vector, error, cr2, dr6;
    Frame frame;
};

std::array<Event, max_events> events;
std::uint32_t event_count;
bool may_repair;
bool interrupt_delivered;
bool in_case; ///< otherwise an event is a mistake of the kernel's
SavedState last;

bool has_error_code(std::uint64_t vector) {
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21;
}

/// The frame in the kernel's half: a case may have its exception stack in a page that the kernel
/// cannot read at that address.
const std::uint64_t* readable(std::uint64_t stack_pointer) {
    if (const std::uint8_t* const alias = window::alias(stack_pointer))
        return reinterpret_cast<const std::uint64_t*>(alias);
    return reinterpret_cast<const std::uint64_t*>(stack_pointer);
}

Event read_event(SavedState& state) {
    Event event{.vector = state.vector, .error = 0, .cr2 = 0, .dr6 = 0, .frame = {}};
    if (state.vector >= syscall_event) {
        event.frame = {state.general[rcx], 0, state.general[r11], state.general[rsp], 0};
        return event;
    }
    if (has_error_code(state.vector)) {
        event.error = *readable(state.general[rsp]);
        state.general[rsp] += sizeof event.error;
    }
    const std::uint64_t at = state.general[rsp];
    event.frame = {*readable(at), *readable(at + 8), *readable(at + 16), *readable(at + 24),
                   *readable(at + 32)};
    if (state.vector == 14)
        event.cr2 = read_control_register<2>();
    if (state.vector == 1) {
        event.dr6 = defined_bits(read_debug_register<6>(), state.dr7);
        write_debug_register<6>(dr6_idle);
    }
    return event;
}

/// Sets RF in the frame, so that a breakpoint on an instruction is hit once.
void pass_breakpoint(const SavedState& state) {
    *reinterpret_cast<std::uint64_t*>(state.general[rsp] + 16) |= rflags_rf;
}

/// The kernel itself has raised an exception: it says so and ends the run.
[[noreturn]] void fail(const Event& event) {
    print("\nlazyhv: error: the fidelity guest raised vector ", event.vector, ", error code 0x",
          Hex{event.error}, ", CR2 0x", Hex{read_control_register<2>()}, ", RIP 0x",
          Hex{event.frame.rip}, "\n");
    end_run(1);
}

/// Whether the case goes on after the event.
bool goes_on(const SavedState& state, const Event& event) {
    switch (event.vector) {
    case 1:
        if ((event.dr6 & 0xF) != 0)
            pass_breakpoint(state);
        return true;
    case pending_vector:
        end_of_interrupt();
        interrupt_delivered = true;
        return true;
    case timer_vector:
        end_of_interrupt();
        return true;
    case 3:
    case 4:
    case plain_vector:
    case kernel_vector:
    case trap_vector:
        return true;
    case 14:
        return may_repair && window::repair(event.cr2);
    default:
        return false;
    }
}

} // namespace

std::uint64_t defined_bits(std::uint64_t dr6, std::uint64_t dr7) {
    for (std::uint32_t number = 0; number < 4; ++number)
        if ((dr7 >> 2 * number & 3) == 0)
            dr6 &= ~(std::uint64_t{1} << number);
    return dr6;
}

void end_of_interrupt() {
    constexpr std::uint64_t end_of_interrupt_register = 0xB0;
    write_local_apic(end_of_interrupt_register, 0);
}

extern "C" void handle_event(SavedState* state) {
    const Event event = read_event(*state);
    if (!in_case)
        fail(event);
    const bool has_room = event_count < max_events;
    if (has_room)
        events[event_count++] = event;
    if (goes_on(*state, event) && has_room)
        return;
    last = *state;
    last.general[rsp] = event.frame.rsp;
    in_case = false;
    leave_case();
}

void begin_events(bool repairs) {
    event_count = 0;
    may_repair = repairs;
    interrupt_delivered = false;
    in_case = true;
    write_debug_register<6>(dr6_idle);
}

const SavedState& last_state() { return last; }

std::uint64_t last_error() { return event_count > 0 ? events[event_count - 1].error : 0; }

bool interrupt_was_delivered() { return interrupt_delivered; }

void describe_events(Report& report) {
    for (std::uint32_t index = 0; index < event_count; ++index) {
        const Event& event = events[index];
        report.add(" {", Hex{event.vector});
        if (has_error_code(event.vector))
            report.add(" error=", Hex{event.error});
        if (event.vector == 14)
            report.add(" cr2=", Hex{event.cr2});
        if (event.vector == 1)
            report.add(" dr6=", Hex{event.dr6});
        report.add(" rip=", Hex{event.frame.rip}, " cs=", Hex{event.frame.cs},
                   " flags=", Hex{event.frame.rflags}, " rsp=", Hex{event.frame.rsp},
                   " ss=", Hex{event.frame.ss}, "}");
    }
}

} // namespace fidelity
