// The operations of a context switch alone, without tasks: to be compared with
// measurements of other hypervisors (docs/method.md). `full`: CR3, three TLS descriptors, TSS.RSP0,
// TS set and cleared, FS base, %gs, DR7. `modern-ops`: the same without TS and DR7.

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/monitor_call.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/fpu.h"
#include "guest/kernel/tasks/segment_registers.h"
#include "guest/kernel/tasks/task.h"
#include "guest/workloads/measurement.h"
#include "guest/workloads/run_workloads.h"
#include "shared/call_number.h"

namespace guest::workloads {
namespace {

/// One of the two sides that the loop switches between.
struct Side {
    std::uint64_t root;
    std::uint64_t kernel_stack;
    std::uint64_t tls[tls_slots];
    std::uint64_t fs_base;
    std::uint64_t debug_control;
};

/// In the order of context_switch; all three descriptors differ, so all are written.
template <bool full>
[[gnu::always_inline]] inline void switch_to(const Cpu& cpu, std::uint64_t cr0_with_ts,
                                             const Side& side) {
    paravirt::set_lazy_mode(abi::LazyMode::cpu);
    paravirt::set_cr3(side.root);
    paravirt::update_kernel_stack(cpu.tss, side.kernel_stack);
    paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls, side.tls[0]);
    paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + 1, side.tls[1]);
    paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + 2, side.tls[2]);
    if constexpr (full) {
        paravirt::set_dr<7>(side.debug_control);
        paravirt::set_cr0(cr0_with_ts);
        paravirt::clts();
    }
    paravirt::set_lazy_mode(abi::LazyMode::none);
    paravirt::wrmsr(msr::fs_base, side.fs_base);
    segment_registers::load_gs(tls_selector(1));
}

template <bool full>
[[gnu::noinline]] void alternate(const Cpu& cpu, const Side& first, const Side& second,
                                 std::uint64_t switches) {
    const std::uint64_t cr0_with_ts = cpu.cr0 | cr0_ts;
    for (std::uint64_t i = 0; i < switches; i += 2) {
        switch_to<full>(cpu, cr0_with_ts, first);
        switch_to<full>(cpu, cr0_with_ts, second);
    }
}

/// Values of DR7 without a breakpoint: only an exact-breakpoint flag differs, which has no effect.
constexpr std::uint64_t debug_control_first = 0x400;
constexpr std::uint64_t debug_control_second = 0x500;

Side make_side(const Cpu& cpu, const AddressSpace& space, std::uint32_t base,
               std::uint64_t debug_control) {
    return {space.root,
            cpu.kernel_stack,
            {tls_descriptor(base), tls_descriptor(base + 0x100), tls_descriptor(base + 0x200)},
            base,
            debug_control};
}

void measure(const Cpu& cpu, const Side& first, const Side& second, bool full,
             std::uint64_t switches) {
    constexpr std::uint64_t warm_up = 16;
    const auto loop = full ? alternate<true> : alternate<false>;
    loop(cpu, first, second, warm_up);
    begin_measurement();
    loop(cpu, first, second, switches);
    end_measurement();
}

void restore(Cpu& cpu) {
    fpu::set_ts(cpu);
    paravirt::set_dr<7>(debug_control_first);
    for (std::uint32_t i = 0; i < tls_slots; ++i)
        paravirt::write_gdt_entry(cpu.gdt, gdt_first_tls + i, 0);
    segment_registers::load_gs(0);
    segment_registers::load_fs(0);
    address_spaces::load(address_spaces::kernel().root);
}

} // namespace

void run_switch_operations(const Workload& workload, std::uint64_t switches) {
    Cpu& cpu = this_cpu();
    AddressSpace first_space = address_spaces::create(1);
    AddressSpace second_space = address_spaces::create(1);
    // The kernel runs in both address spaces, on its own stack.
    const Side first = make_side(cpu, first_space, 0x10000, debug_control_first);
    Side second = make_side(cpu, second_space, 0x20000, debug_control_second);
    second.kernel_stack = first.kernel_stack - page_size;
    fpu::clear_ts(cpu);
    measure(cpu, first, second, workload.uses.fpu, switches);
    restore(cpu);
    paravirt::update_kernel_stack(cpu.tss, cpu.kernel_stack);
    address_spaces::destroy(first_space);
    address_spaces::destroy(second_space);
}

void run_empty_vmcall(std::uint64_t iterations) {
    begin_measurement();
    for (std::uint64_t i = 0; i < iterations; ++i)
        paravirt::empty_call();
    end_measurement();
}

} // namespace guest::workloads
