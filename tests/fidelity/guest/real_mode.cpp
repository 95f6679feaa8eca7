#include "tests/fidelity/guest/real_mode.h"

#include "tests/fidelity/guest/beginning.h"
#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/run_case.h"
#include "tests/fidelity/guest/tables.h"

#include <array>
#include <cstring>

extern "C" const char real_begin[];
extern "C" const char real_end[];
extern "C" const char real_vectors[];
extern "C" void enter_real_mode();

namespace fidelity::real_mode {
namespace {

constexpr std::uint64_t vector_table = 0x6000;
constexpr std::uint64_t code_of_entry = 0x7000;  // real_entry.S
constexpr std::uint64_t vectors_offset = 0x1000; // real_entry.S
constexpr std::uint32_t vector_entry_size = 8;   // real_entry.S
constexpr std::uint64_t data_begin = 0x20000;
constexpr std::uint8_t pattern = 0x5A;
constexpr std::uint8_t no_operation = 0x90;

/// What the kernel and the code in low memory share, as real_entry.S has it.
struct Area {
    struct Event {
        std::uint32_t vector, ip, cs, flags, dr6, dr7;
    };
    std::array<std::uint32_t, 8> general;
    std::uint32_t flags, ip;
    std::uint16_t cs, ss, ds, es, fs, gs;
    std::uint32_t cr0, cr4, dr7, efer, kernel_cr0, kernel_cr4;
    std::uint32_t event_count;
    std::array<Event, 16> events;
};

std::uint8_t* low(std::uint64_t physical) {
    return reinterpret_cast<std::uint8_t*>(kernel_base + physical);
}
Area& area() { return *reinterpret_cast<Area*>(low(code_of_entry)); }

constexpr std::uint64_t repeated(std::uint8_t byte) { return byte * 0x0101010101010101; }

void fill(std::uint64_t begin, std::uint64_t end, std::uint64_t word) {
    std::uint8_t* to = low(begin);
    std::uint64_t count = (end - begin) / sizeof word;
    asm volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(word) : "memory");
}

void fill_memory() {
    fill(code_base, data_begin, repeated(no_operation));
    fill(data_begin, memory_end, repeated(pattern));
}

/// The first word from `begin` on that is not as fill_memory has left it; memory_end if there is
/// none.
std::uint64_t next_change(std::uint64_t begin) {
    const std::uint8_t* at = low(begin);
    std::uint64_t count = (memory_end - begin) / 8;
    bool differs = false;
    asm volatile("cmp %%rax, %%rax; repe scasq"
                 : "+D"(at), "+c"(count), "=@ccne"(differs)
                 : "a"(repeated(pattern))
                 : "memory");
    return differs ? static_cast<std::uint64_t>(at - low(0)) - 8 : memory_end;
}

void put(std::uint64_t linear, const std::uint8_t* bytes, std::size_t count) {
    for (std::size_t index = 0; index < count; ++index)
        if (linear + index >= code_base && linear + index < memory_end)
            *low(linear + index) = bytes[index];
}

void describe_real_events(Report& report) {
    for (std::uint32_t index = 0; index < area().event_count; ++index) {
        const Area::Event& event = area().events[index];
        report.add(" {", Hex{event.vector});
        if (event.vector == 1)
            report.add(" dr6=", Hex{defined_bits(event.dr6, event.dr7)});
        report.add(" ip=", Hex{event.ip}, " cs=", Hex{event.cs}, " flags=", Hex{event.flags}, "}");
    }
}

void describe_registers(Report& report, const Case& test_case) {
    const Area& end = area();
    for (std::uint32_t number = 0; number < end.general.size(); ++number)
        if (end.general[number] != test_case.general[number] &&
            (test_case.ignored_registers >> number & 1) == 0)
            report.add(" r", Hex{number}, "=", Hex{end.general[number]});
    report.add(" segments=", Hex{end.ss}, ",", Hex{end.ds}, ",", Hex{end.es}, ",", Hex{end.fs}, ",",
               Hex{end.gs});
    report.add(" cr0=", Hex{end.cr0}, " cr2=", Hex{read_control_register<2>()},
               " cr4=", Hex{end.cr4}, " efer=", Hex{end.efer}, " dr7=", Hex{end.dr7});
    report.add(" dr=", Hex{read_debug_register<0>()}, ",", Hex{read_debug_register<1>()}, ",",
               Hex{read_debug_register<2>()}, ",", Hex{read_debug_register<3>()});
}

/// The words that differ from what the memory was filled with; the first ones are shown. Not those
/// of the stack: the handlers use it, too.
void describe_memory(Report& report) {
    constexpr std::uint32_t shown_words = 12;
    constexpr std::uint64_t stack_begin = 0x47E00;
    constexpr std::uint64_t stack_end = 0x48000;
    std::uint32_t changed = 0;
    for (std::uint64_t physical = next_change(data_begin); physical < memory_end;
         physical = next_change(physical + 8)) {
        std::uint64_t word = 0;
        std::memcpy(&word, low(physical), sizeof word);
        const bool is_stack = physical >= stack_begin && physical < stack_end;
        if (!is_stack && changed++ < shown_words)
            report.add(" [", Hex{physical}, "]=", Hex{word});
    }
    report.add(" words=", Hex{changed});
}

/// The interrupt that has ended the case is over; one that still waits is taken.
void end_interrupts(Report& report, const Case& test_case) {
    const std::uint32_t count = area().event_count;
    const std::uint32_t last = count == 0 ? 0 : area().events[count - 1].vector;
    const bool delivered = last == pending_vector || last == timer_vector;
    if (delivered)
        end_of_interrupt();
    stop_timer();
    if (!test_case.halts && !test_case.interrupt_waits)
        return;
    report.add(delivered ? " interrupt-taken" : " interrupt-waits");
    begin_events(false);
    asm volatile("sti; nop; nop; cli" : : : "memory");
}

} // namespace

void initialise() {
    std::memcpy(low(code_of_entry), real_begin, static_cast<std::size_t>(real_end - real_begin));
    std::memcpy(low(code_of_entry + vectors_offset), real_vectors,
                std::size_t{256} * vector_entry_size);
    for (std::uint32_t vector = 0; vector < 256; ++vector) {
        const std::uint32_t entry = static_cast<std::uint32_t>(code_of_entry >> 4) << 16 |
                                    (vectors_offset + vector * vector_entry_size);
        std::memcpy(low(vector_table) + std::size_t{4} * vector, &entry, sizeof entry);
    }
}

void run_case(const Case& c) {
    fill_memory();
    constexpr std::uint8_t end_of_case[] = {0xCD, end_vector};
    put(code_base + early_end_offset, end_of_case, sizeof end_of_case);
    put(c.code_begin, c.code.data(), c.code_size);
    for (std::uint32_t index = 0; index < c.poke_count; ++index)
        put(c.pokes[index].linear, c.pokes[index].bytes.data(), c.pokes[index].count);
    prepare_registers(c);
    Area& begin = area();
    for (std::size_t number = 0; number < begin.general.size(); ++number)
        begin.general[number] = static_cast<std::uint32_t>(c.general[number]);
    begin.flags = static_cast<std::uint32_t>(c.rflags);
    begin.ip = static_cast<std::uint32_t>(c.code_begin - code_base);
    begin.cs = c.cs;
    begin.ss = c.ss;
    begin.ds = c.ds;
    begin.es = c.es;
    begin.fs = c.fs;
    begin.gs = c.gs;
    begin.cr0 = static_cast<std::uint32_t>(c.cr0);
    begin.cr4 = static_cast<std::uint32_t>(c.cr4);
    begin.dr7 = static_cast<std::uint32_t>(c.dr7);
    begin.kernel_cr0 = static_cast<std::uint32_t>(processor.baseline_cr0);
    begin.kernel_cr4 = static_cast<std::uint32_t>(processor.baseline_cr4);
    begin.event_count = 0;
    load_breakpoint_addresses(c);
    if (c.xcr0 != processor.baseline_xcr0)
        write_extended_control(c.xcr0);
    write_debug_register<6>(dr6_idle);
    enter_real_mode();
    load_tables();
    write_control_register<3>(window::root());
}

void describe_outcome(Report& report, const Case& test_case) {
    describe_real_events(report);
    describe_registers(report, test_case);
    describe_state_of_processor(report);
    describe_memory(report);
    end_interrupts(report, test_case);
}

} // namespace fidelity::real_mode
