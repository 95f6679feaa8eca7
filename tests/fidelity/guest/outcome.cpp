// What can be seen after a case.

#include "guest/kernel/cpu/msr.h"
#include "shared/vcpu_area.h"
#include "tests/fidelity/guest/beginning.h"
#include "tests/fidelity/guest/events.h"
#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/real_mode.h"
#include "tests/fidelity/guest/run_case.h"

#include <cstring>

namespace fidelity {
namespace {

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
    abi::PseudoDescriptor gdt{};
    abi::PseudoDescriptor idt{};
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
    for (const MsrValue& msr : msrs_at_beginning())
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

/// XCR0, which also becomes what it is at the beginning.
void describe_extended_control(Report& report) {
    if ((processor.baseline_cr4 & cr4_osxsave) == 0)
        return;
    const std::uint32_t value = read_extended_control();
    report.add(" xcr0=", Hex{value});
    if (value != processor.baseline_xcr0)
        write_extended_control(processor.baseline_xcr0);
}

void describe_float(Report& report) {
    FloatState final_float;
    final_float.store();
    for (std::size_t offset = 0; offset < final_float.bytes.size(); offset += 8) {
        if (offset == legacy_state_size)
            offset = upper_halves_begin;
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        std::memcpy(&before, float_state_at_beginning().bytes.data() + offset, 8);
        std::memcpy(&after, final_float.bytes.data() + offset, 8);
        if (before != after)
            report.add(" fx+", Hex{offset}, "=", Hex{after});
    }
}

/// Takes the interrupts that the case has not.
void drain_interrupts(Report& report, const Case& test_case) {
    if (test_case.halts)
        stop_timer();
    if (test_case.interrupt_waits)
        report.add(interrupt_was_delivered() ? " interrupt-taken" : " interrupt-waits");
    if (!test_case.halts && (!test_case.interrupt_waits || interrupt_was_delivered()))
        return;
    begin_events(false);
    asm volatile("sti; nop; nop; cli" : : : "memory");
}

} // namespace

void describe_state_of_processor(Report& report) {
    describe_msrs(report);
    describe_extended_control(report);
    describe_float(report);
}

void describe_outcome(Report& report, const Case& test_case) {
    if (test_case.mode.real)
        return real_mode::describe_outcome(report, test_case);
    describe_events(report);
    // First what the kernel's own needs would change.
    describe_control_registers(report);
    if (read_control_register<3>() != window::root())
        write_control_register<3>(window::root());
    if (read_msr(guest::msr::efer) != baseline_efer)
        write_msr(guest::msr::efer, baseline_efer);
    describe_registers(report, test_case);
    describe_segments(report);
    describe_state_of_processor(report);
    window::describe_changes(report);
    drain_interrupts(report, test_case);
}

} // namespace fidelity
