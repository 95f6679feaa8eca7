// Debug exceptions that are pending or blocked while an instruction causes a VM exit (Intel SDM
// vol. 3, 27.3.1.5: states that a VM entry refuses).

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/hostile/ring_3.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/paravirt/operations.h"

#include <cstring>

namespace guest::hostile {
namespace {

constexpr std::uint32_t db = interrupts::debug;
constexpr std::uint32_t gp = interrupts::general_protection;
constexpr std::uint32_t vmx_basic = 0x480; // an MSR whose RDMSR is refused

std::uint64_t traps;

bool count_trap(InterruptFrame&) {
    ++traps;
    return true;
}

#define FLAGS_ON(flags) "pushfq\n\tpushfq\n\torq $" #flags ", (%%rsp)\n\tpopfq\n\t"
#define FLAGS_BACK "popfq\n\t"

/// Six instructions after the POPFQ that sets TF, including the last POPFQ and those that exit.
void step_over_exits() {
    std::uint64_t root = this_cpu().root;
    std::uint64_t rax = static_cast<std::uint64_t>(abi::Call::empty);
    asm volatile(FLAGS_ON(0x100) "vmcall\n\t"
                                 "movl $1, %%eax\n\t"
                                 "cpuid\n\t"
                                 "movq %[root], %%cr3\n\t"
                                 "nop\n\t" FLAGS_BACK
                 : "+a"(rax), [root] "+S"(root)
                 :
                 : "rbx", "rcx", "rdx", "memory", "cc");
}
constexpr std::uint64_t steps = 6;

/// The same after an STI that is single-stepped too. All interrupt lines are masked.
void step_over_exits_after_sti() {
    std::uint64_t rax = static_cast<std::uint64_t>(abi::Call::empty);
    asm volatile(FLAGS_ON(0x100) "sti\n\t"
                                 "vmcall\n\t"
                                 "sti\n\t"
                                 "cpuid\n\t"
                                 "cli\n\t" FLAGS_BACK
                 : "+a"(rax)
                 :
                 : "rbx", "rcx", "rdx", "memory", "cc");
}

void single_steps(Attempt& attempt) {
    traps = 0;
    attempt.told(caught(step_over_exits, count_trap), no_exception);
    attempt.expect(traps == steps, "one #DB after each instruction");
    traps = 0;
    attempt.told(caught(step_over_exits_after_sti, count_trap), no_exception);
    attempt.expect(traps == steps, "one #DB after each instruction, after STI");
    // The first trap ends it; its RIP is that after the VMCALL.
    const Caught first = caught([] {
        asm volatile(FLAGS_ON(0x100) "vmcall\n\tud2"
                     :
                     : "a"(static_cast<std::uint64_t>(abi::Call::empty))
                     : "memory", "cc");
    });
    attempt.told(first, db);
    const Caught refused = caught(
        [] {
            asm volatile(FLAGS_ON(0x100) "sti\n\trdmsr\n\t"
                         :
                         : "c"(vmx_basic)
                         : "rax", "rdx", "memory", "cc");
        },
        count_trap);
    attempt.told(refused, gp);
    attempt.expect(traps == steps + 1, "STI was stepped over");
}

/// The breakpoint is on this selector, which MOV to SS reads.
std::uint64_t stack_selector = kernel_data_selector;
constexpr std::uint64_t read_write_8_bytes_dr0 = 0x000B0703; // DR7: DR0, LE, GE, length 8

/// MOV to SS through the breakpoint, then one instruction. With `flags` 0x100 it is single-stepped
/// as well.
#define BEHIND_MOV_SS(flags, instruction)                                                          \
    asm volatile(FLAGS_ON(flags) "movw (%[selector]), %%ss\n\t" instruction "\n\t"                 \
                                 "nop\n\tnop\n\t" FLAGS_BACK                                       \
                 : "+a"(rax)                                                                       \
                 : [selector] "r"(&stack_selector), [root] "r"(this_cpu().root), "c"(vmx_basic)    \
                 : "rbx", "rdx", "memory", "cc")

template <typename Code>
void behind_mov_ss(Attempt& attempt, Code code, std::uint32_t raised) {
    paravirt::set_dr<0>(address_of(&stack_selector));
    paravirt::set_dr<7>(read_write_8_bytes_dr0);
    traps = 0;
    attempt.told(caught(code, count_trap), raised);
    paravirt::set_dr<7>(0x400);
    paravirt::set_dr<6>(0xFFFF0FF0);
    attempt.expect(raised == gp || traps != 0, "the breakpoint is reported");
}

void mov_ss_breakpoints(Attempt& attempt) {
    const auto empty = static_cast<std::uint64_t>(abi::Call::empty);
    std::uint64_t rax = empty;
    behind_mov_ss(
        attempt,
        [&] {
            rax = empty;
            BEHIND_MOV_SS(0, "vmcall");
        },
        no_exception);
    attempt.expect(rax == 0, "the VMCALL was executed");
    behind_mov_ss(
        attempt,
        [&] {
            rax = empty;
            BEHIND_MOV_SS(0x100, "vmcall");
        },
        no_exception);
    attempt.expect(rax == 0, "the VMCALL was executed");
    behind_mov_ss(
        attempt,
        [&] {
            rax = 1;
            BEHIND_MOV_SS(0, "cpuid");
        },
        no_exception);
    behind_mov_ss(
        attempt,
        [&] {
            rax = 1;
            BEHIND_MOV_SS(0x100, "cpuid");
        },
        no_exception);
    behind_mov_ss(
        attempt, [&] { BEHIND_MOV_SS(0, "movq %[root], %%cr3"); }, no_exception);
    behind_mov_ss(
        attempt, [&] { BEHIND_MOV_SS(0x100, "movq %[root], %%cr3"); }, no_exception);
    behind_mov_ss(
        attempt, [&] { BEHIND_MOV_SS(0, "rdmsr"); }, gp);
    behind_mov_ss(
        attempt, [&] { BEHIND_MOV_SS(0x100, "rdmsr"); }, gp);
    attempt.expect(attempt.difference(counter::exit(abi::ExitReason::invalid_state)) == 0,
                   "no VM entry failed");
}

void branch_steps(Attempt& attempt) {
    constexpr std::uint32_t debug_control = 0x1D9;
    constexpr std::uint64_t branch_trap = 2;
    for (std::uint32_t round = 0; round < 4; ++round) {
        paravirt::wrmsr(debug_control, branch_trap); // each #DB clears it
        traps = 0;
        attempt.told(
            caught(round % 2 == 0 ? step_over_exits : step_over_exits_after_sti, count_trap),
            no_exception);
    }
    paravirt::wrmsr(debug_control, branch_trap);
    std::uint64_t rax = static_cast<std::uint64_t>(abi::Call::empty);
    behind_mov_ss(
        attempt, [&] { BEHIND_MOV_SS(0x100, "vmcall"); }, no_exception);
    paravirt::wrmsr(debug_control, 0);
}

void debug_registers(Attempt& attempt) {
    for (const std::uint64_t value : {std::uint64_t{1} << 32, ~std::uint64_t{0}}) {
        attempt.told(caught([value] { asm volatile("mov %0, %%dr7" : : "r"(value)); }), gp);
        attempt.told(caught([value] { asm volatile("mov %0, %%dr6" : : "r"(value)); }), gp);
    }
    constexpr std::uint64_t general_detect = 0x2400;
    attempt.told(caught([] {
                     asm volatile("mov %0, %%dr7\n\tmov %%dr0, %0" : : "r"(general_detect));
                 }),
                 db);
    attempt.told(caught([] { asm volatile(".byte 0xf1"); }), db);
    attempt.told(caught([] { asm volatile("int3"); }), 3);
    paravirt::set_dr<7>(0x400);
    paravirt::set_dr<6>(0xFFFF0FF0);
    attempt.counted(counter::injected, 0);
}

void end_of_compatibility_mode(Attempt& attempt) {
    constexpr std::uint64_t code_32 = 0x00CFFB000000FFFF; // ring 3, D, not L
    constexpr std::uint64_t end = std::uint64_t{1} << 32;
    constexpr std::uint8_t cpuid[]{0x0F, 0xA2};
    Ring3 ring_3;
    const Cpu& cpu = this_cpu();
    const std::uint64_t page = pages::allocate();
    std::memcpy(linear_pointer<std::uint8_t>(page) + page_size - sizeof(cpuid), cpuid,
                sizeof(cpuid));
    address_ranges::map(ring_3.space(), end - page_size, 1, Frames(&page, 1),
                        PageAccess::read_execute);
    paravirt::write_gdt_entry(cpu.gdt, gdt_spare, code_32);
    Ring3Start start = Ring3::start_at(end - sizeof(cpuid));
    start.code_selector = selector(gdt_spare, 3);
    for (const std::uint64_t flags : {rflags_fixed, rflags_fixed | rflags_tf}) {
        start.rflags = flags;
        traps = 0;
        const Caught caught = Ring3::run(start, count_trap);
        attempt.told(caught, interrupts::page_fault);
        attempt.expect(caught.rip == 0, "RIP wraps to 0");
    }
    attempt.expect(traps == 1, "the CPUID was stepped over");
    attempt.counted(counter::exit(abi::ExitReason::cpuid), 2);
    paravirt::write_gdt_entry(cpu.gdt, gdt_spare, 0);
    address_ranges::unmap(ring_3.space(), end - page_size, 1);
    pages::release(page);
}

constexpr AttackCode codes[]{
    {"single-steps", single_steps},
    {"mov-ss-breakpoint", mov_ss_breakpoints},
    {"branch-steps", branch_steps},
    {"debug-registers", debug_registers},
    {"end-of-compatibility-mode", end_of_compatibility_mode},
};

} // namespace

std::span<const AttackCode> debug_trap_attacks() { return codes; }

} // namespace guest::hostile
