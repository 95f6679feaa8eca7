#include "tests/fidelity/guest/run_case.h"

#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/port.h"
#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/tables.h"

#include <cstring>

extern "C" const char syscall_landing[];
extern "C" const char sysenter_landing[];

namespace fidelity {

Processor processor;

namespace {

/// General registers and the frame of an IRET, as enter_case (entry.S) takes them from its stack.
struct EntryState {
    std::array<std::uint64_t, register_count> general;
    std::uint64_t rip, cs, rflags, rsp, ss;
};
extern "C" void enter_case(const EntryState* state);

constexpr std::uint32_t msr_sysenter_cs = 0x174;
constexpr std::uint32_t msr_sysenter_esp = 0x175;
constexpr std::uint32_t msr_sysenter_eip = 0x176;
constexpr std::uint32_t msr_pat = 0x277;
constexpr std::uint32_t msr_cstar = 0xC0000083;
constexpr std::uint64_t dr7_idle = 0x400;
constexpr std::uint64_t cr4_osxsave = 1 << 18;
/// A register of COM1 that does nothing.
constexpr std::uint16_t scratch_port = 0x3FF;

struct alignas(16) FloatState {
    std::uint8_t bytes[512];
};
FloatState initial_float;
FloatState final_float;

/// MSRs that cases write, with their value at the beginning of a case.
struct MsrValue {
    std::uint32_t number;
    std::uint64_t value;
};
std::array<MsrValue, 9> msrs;

void initialise_msrs() {
    msrs = {{{msr_sysenter_cs, kernel_code},
             {msr_sysenter_esp, slot_address(slot_stack) + 0x800},
             {msr_sysenter_eip, address_of(sysenter_landing)},
             {guest::msr::star, std::uint64_t{0x18} << 48 | std::uint64_t{kernel_code} << 32},
             {guest::msr::lstar, address_of(syscall_landing)},
             {msr_cstar, address_of(syscall_landing)},
             {guest::msr::fmask, 0},
             {guest::msr::kernel_gs_base, slot_address(slot_data_1)},
             {msr_pat, read_msr(msr_pat)}}};
}

void restore_msrs(std::uint64_t flag_mask) {
    for (MsrValue& msr : msrs) {
        if (msr.number == guest::msr::fmask)
            msr.value = flag_mask;
        if (read_msr(msr.number) != msr.value)
            write_msr(msr.number, msr.value);
    }
}

/// An interrupt to this processor. It waits until the case lets it in.
void send_interrupt() {
    constexpr std::uint64_t command_high = 0x310;
    constexpr std::uint64_t command_low = 0x300;
    *reinterpret_cast<volatile std::uint32_t*>(local_apic + command_high) =
        *reinterpret_cast<volatile std::uint32_t*>(local_apic + 0x20);
    *reinterpret_cast<volatile std::uint32_t*>(local_apic + command_low) = pending_vector | 0x4000;
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
    restore_msrs(test_case.flag_mask);
    asm volatile("fxrstor64 %0" : : "m"(initial_float));
    write_control_register<2>(0);
    guest::port::out8(scratch_port, 0);
    load_segments(test_case);
    if (test_case.interrupt_waits)
        send_interrupt();
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
    write_debug_register<0>(test_case.breakpoint[0]);
    write_debug_register<1>(test_case.breakpoint[1]);
    write_debug_register<2>(test_case.breakpoint[2]);
    write_debug_register<3>(test_case.breakpoint[3]);
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

std::uint16_t selector_ds() {
    std::uint32_t value = 0;
    asm volatile("movl %%ds, %0" : "=r"(value));
    return static_cast<std::uint16_t>(value);
}

void describe_segments(Report& report) {
    std::uint32_t es = 0;
    std::uint32_t fs = 0;
    std::uint32_t gs = 0;
    std::uint32_t ldt = 0;
    std::uint32_t task = 0;
    asm volatile("movl %%es, %0; movl %%fs, %1; movl %%gs, %2; sldt %3; str %4"
                 : "=r"(es), "=r"(fs), "=r"(gs), "=r"(ldt), "=r"(task));
    PseudoDescriptor gdt{};
    PseudoDescriptor idt{};
    asm volatile("sgdt %0; sidt %1" : "=m"(gdt), "=m"(idt));
    report.add(" segments=", Hex{selector_ds()}, ",", Hex{es}, ",", Hex{fs}, ",", Hex{gs}, ",",
               Hex{ldt & 0xFFFF}, ",", Hex{task & 0xFFFF});
    report.add(" bases=", Hex{read_msr(guest::msr::fs_base)}, ",",
               Hex{read_msr(guest::msr::gs_base)}, ",", Hex{read_msr(guest::msr::kernel_gs_base)});
    report.add(" gdtr=", Hex{gdt.limit}, ":", Hex{gdt.base}, " idtr=", Hex{idt.limit}, ":",
               Hex{idt.base});
}

void describe_registers(Report& report, const Case& test_case) {
    const SavedState& state = last_state();
    for (std::uint32_t number = 0; number < register_count; ++number)
        if (state.general[number] != test_case.general[number] &&
            (test_case.ignored_registers >> number & 1) == 0)
            report.add(" r", Hex{number}, "=", Hex{state.general[number]});
    report.add(" dr7=", Hex{state.dr7});
    report.add(" dr=", Hex{read_debug_register<0>()}, ",", Hex{read_debug_register<1>()}, ",",
               Hex{read_debug_register<2>()}, ",", Hex{read_debug_register<3>()});
}

void describe_msrs(Report& report) {
    for (const MsrValue& msr : msrs)
        if (const std::uint64_t value = read_msr(msr.number); value != msr.value)
            report.add(" msr:", Hex{msr.number}, "=", Hex{value});
}

/// Control registers, which also become what the kernel needs.
void describe_control_registers(Report& report) {
    const std::uint64_t cr0 = read_control_register<0>();
    const std::uint64_t cr4 = read_control_register<4>();
    const std::uint64_t cr8 = read_control_register<8>();
    const std::uint64_t efer = read_msr(guest::msr::efer);
    const std::uint64_t cr3 = read_control_register<3>();
    if (cr0 != processor.baseline_cr0)
        write_control_register<0>(processor.baseline_cr0);
    if (cr4 != processor.baseline_cr4)
        write_control_register<4>(processor.baseline_cr4);
    if (cr8 != 0)
        write_control_register<8>(0);
    report.add(" cr0=", Hex{cr0}, " cr2=", Hex{read_control_register<2>()}, " cr3=", Hex{cr3},
               " cr4=", Hex{cr4}, " cr8=", Hex{cr8}, " efer=", Hex{efer});
}

/// XCR0, which also becomes 1 again.
void describe_extended_control(Report& report) {
    if ((processor.baseline_cr4 & cr4_osxsave) == 0)
        return;
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    report.add(" xcr0=", Hex{low});
    if (low != 1)
        asm volatile("xsetbv" : : "a"(1), "d"(0), "c"(0));
}

void describe_float(Report& report) {
    asm volatile("fxsave64 %0" : "=m"(final_float));
    // Up to the XMM registers; what follows is not used.
    constexpr std::size_t used = 416;
    for (std::size_t offset = 0; offset < used; offset += 8) {
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        std::memcpy(&before, initial_float.bytes + offset, 8);
        std::memcpy(&after, final_float.bytes + offset, 8);
        if (before != after)
            report.add(" fx+", Hex{offset}, "=", Hex{after});
    }
}

/// Takes the interrupt if the case has not.
void drain_interrupt(Report& report, const Case& test_case) {
    if (!test_case.interrupt_waits)
        return;
    report.add(interrupt_was_delivered() ? " interrupt-taken" : " interrupt-waits");
    if (interrupt_was_delivered())
        return;
    begin_events(false);
    asm volatile("sti; nop; nop; cli" : : : "memory");
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
    initialise_msrs();
    asm volatile("fninit; fxsave64 %0" : "=m"(initial_float));
    for (std::size_t offset = 160; offset < 416; ++offset)
        initial_float.bytes[offset] = static_cast<std::uint8_t>(offset * 7);
    const std::uint32_t spurious = *reinterpret_cast<volatile std::uint32_t*>(local_apic + 0xF0);
    *reinterpret_cast<volatile std::uint32_t*>(local_apic + 0xF0) = spurious | 0x1FF;
}

void run_case(const Case& test_case) {
    prepare(test_case);
    enter(test_case);
}

void describe_outcome(Report& report, const Case& test_case) {
    describe_events(report);
    // First what the kernel's own needs would change.
    describe_control_registers(report);
    if (read_control_register<3>() != window::root())
        write_control_register<3>(window::root());
    if (read_msr(guest::msr::efer) != baseline_efer)
        write_msr(guest::msr::efer, baseline_efer);
    describe_registers(report, test_case);
    describe_msrs(report);
    describe_segments(report);
    describe_extended_control(report);
    describe_float(report);
    window::describe_changes(report);
    drain_interrupt(report, test_case);
}

} // namespace fidelity
