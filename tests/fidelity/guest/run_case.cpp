#include "tests/fidelity/guest/run_case.h"

#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/port.h"
#include "tests/fidelity/guest/beginning.h"
#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/real_mode.h"
#include "tests/fidelity/guest/tables.h"

namespace fidelity {

Processor processor;

namespace {

/// General registers and the frame of an IRET, as enter_case (entry.S) takes them from its stack.
struct EntryState {
    std::array<std::uint64_t, register_count> general;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
extern "C" void enter_case(const EntryState* state);

constexpr std::uint64_t dr7_idle = 0x400;
constexpr std::uint64_t initial_count = 0x380; ///< of the local APIC's timer
/// Ports that a case may write, and another one read.
constexpr std::uint16_t scratch_port = 0x3FF;      ///< a register of COM1 that does nothing
constexpr std::uint16_t page_register_port = 0x80; ///< of a DMA channel that there is not
constexpr std::uint16_t keyboard_port = 0x64;
constexpr std::uint16_t configuration_port = 0xCF8;

/// Where a profile leaves out the case that wrote a port, a later one finds what it does elsewhere.
void restore_ports() {
    constexpr std::uint8_t pulse_no_line = 0xFF;
    guest::port::out8(scratch_port, 0);
    guest::port::out8(page_register_port, processor.page_register);
    guest::port::out8(keyboard_port, pulse_no_line);
    write_port32(configuration_port, processor.configuration_address);
}

/// An interrupt to this processor. It waits until the case lets it in.
void send_interrupt() {
    constexpr std::uint64_t command_high = 0x310;
    constexpr std::uint64_t command_low = 0x300;
    write_local_apic(command_high, read_local_apic(0x20));
    write_local_apic(command_low, pending_vector | 0x4000);
}

/// The timer fires long after the case would have ended, unless it halts.
void start_timer() {
    constexpr std::uint64_t local_vector = 0x320;
    constexpr std::uint64_t divide_configuration = 0x3E0;
    constexpr std::uint32_t divide_by_1 = 0xB;
    constexpr std::uint32_t ticks = 4'000'000;
    write_local_apic(local_vector, timer_vector);
    write_local_apic(divide_configuration, divide_by_1);
    write_local_apic(initial_count, ticks);
}

void load_segments(const Case& test_case) {
    asm volatile("movl %0, %%ds" : : "r"(std::uint32_t{test_case.ds}));
    asm volatile("movl %0, %%es" : : "r"(std::uint32_t{test_case.es}));
    asm volatile("movl %0, %%fs" : : "r"(std::uint32_t{test_case.fs}));
    asm volatile("movl %0, %%gs" : : "r"(std::uint32_t{test_case.gs}));
    if (test_case.mode.bits == 64) {
        write_msr(guest::msr::fs_base, test_case.fs_base);
        write_msr(guest::msr::gs_base, test_case.gs_base);
    }
}

/// Memory, page tables, and everything of the processor that does not disturb the kernel.
void prepare(const Case& test_case) {
    window::reset(test_case.rights);
    constexpr std::uint8_t end_of_case[] = {0xCD, end_vector};
    window::poke(slot_address(slot_code) + early_end_offset, end_of_case, sizeof end_of_case);
    window::poke(test_case.code_begin, test_case.code.data(), test_case.code_size);
    for (std::uint32_t index = 0; index < test_case.poke_count; ++index) {
        const Poke& poke = test_case.pokes[index];
        window::poke(poke.linear, poke.bytes.data(), poke.count);
    }
    set_exception_stack(test_case.exception_stack);
    window::note_beginning();
    load_segments(test_case);
    prepare_registers(test_case);
}

/// What is dangerous for the kernel, and the case itself.
void enter(const Case& test_case) {
    const EntryState state{.general = test_case.general,
                           .rip = test_case.code_begin - test_case.code_base(),
                           .cs = test_case.cs,
                           .rflags = test_case.rflags,
                           .rsp = test_case.general[rsp],
                           .ss = test_case.ss};
    if (test_case.efer != read_msr(guest::msr::efer))
        write_msr(guest::msr::efer, test_case.efer);
    load_breakpoint_addresses(test_case);
    if (test_case.xcr0 != processor.baseline_xcr0)
        write_extended_control(test_case.xcr0);
    if (test_case.cr8 != 0)
        write_control_register<8>(test_case.cr8);
    if (test_case.cr4 != processor.baseline_cr4)
        write_control_register<4>(test_case.cr4);
    if (test_case.cr0 != processor.baseline_cr0)
        write_control_register<0>(test_case.cr0);
    begin_events(test_case.repairs);
    if (test_case.dr7 != dr7_idle)
        write_debug_register<7>(test_case.dr7);
    enter_case(&state);
}

} // namespace

void initialise_cases() {
    constexpr std::uint64_t cr0_task_bits = 0xE; // MP, EM, TS
    processor.baseline_cr0 = (read_control_register<0>() & ~cr0_task_bits) | 2;
    processor.baseline_cr4 = read_control_register<4>() | 0x600; // OSFXSR, OSXMMEXCPT
    const CpuidResult basic = cpuid(1, 0);
    const CpuidResult structured = cpuid(0, 0).eax >= 7 ? cpuid(7, 0) : CpuidResult{};
    std::uint64_t bits = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x40 | 0x80 | 0x100 | 0x600;
    if ((basic.ecx >> 26 & 1) != 0)
        processor.baseline_cr4 |= cr4_osxsave;
    bits |= std::uint64_t{structured.ebx & 1} << 16;       // FSGSBASE
    bits |= std::uint64_t{structured.ebx >> 7 & 1} << 20;  // SMEP
    bits |= std::uint64_t{structured.ebx >> 20 & 1} << 21; // SMAP
    bits |= std::uint64_t{structured.ecx >> 2 & 1} << 11;  // UMIP
    processor.cr4_bits = bits;
    write_control_register<0>(processor.baseline_cr0);
    write_control_register<4>(processor.baseline_cr4);
    write_msr(guest::msr::efer, baseline_efer);
    constexpr std::uint32_t avx = 1 << 28;
    if ((processor.baseline_cr4 & cr4_osxsave) != 0) {
        processor.baseline_xcr0 = (basic.ecx & avx) != 0 ? xcr0_avx : 1;
        write_extended_control(processor.baseline_xcr0);
    }
    initialise_beginning();
    processor.page_register = guest::port::in8(page_register_port);
    processor.configuration_address = read_port32(configuration_port);
    constexpr std::uint64_t spurious = 0xF0;
    write_local_apic(spurious, read_local_apic(spurious) | 0x1FF);
}

void prepare_registers(const Case& test_case) {
    restore_msrs(test_case.flag_mask);
    float_state_at_beginning().load();
    write_control_register<2>(0);
    restore_ports();
    if (test_case.interrupt_waits)
        send_interrupt();
    if (test_case.halts)
        start_timer();
}

void load_breakpoint_addresses(const Case& test_case) {
    write_debug_register<0>(test_case.breakpoint[0]);
    write_debug_register<1>(test_case.breakpoint[1]);
    write_debug_register<2>(test_case.breakpoint[2]);
    write_debug_register<3>(test_case.breakpoint[3]);
}

void stop_timer() { write_local_apic(initial_count, 0); }

void run_case(const Case& test_case) {
    if (test_case.mode.real)
        return real_mode::run_case(test_case);
    prepare(test_case);
    enter(test_case);
}

} // namespace fidelity
