// Hypercalls with invalid numbers, registers and values.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/hostile/ring_3.h"
#include "guest/hostile/user_code.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"
#include "shared/call_table.h"

#include <cstring>

namespace guest::hostile {
namespace {

using abi::Answer;
using abi::Call;
using abi::Error;

constexpr std::uint64_t ones = ~std::uint64_t{0};

bool is_hypercall(std::uint64_t number) {
    if (number >= static_cast<std::uint64_t>(Call::flush) &&
        number <= static_cast<std::uint64_t>(Call::vmi_init))
        return true;
    switch (
        abi::answer(static_cast<std::uint32_t>(number), machine().profile, abi::Interface::lazy)) {
    case Answer::queued:
    case Answer::synchronous:
    case Answer::no_return:
        return true;
    default:
        return false;
    }
}

void every_number(Attempt& attempt) {
    std::uint64_t refused = 0;
    const auto refuse = [&](std::uint64_t number) {
        attempt.told(vmcall(number, ones, ones, ones), Error::unknown_call);
        ++refused;
    };
    for (std::uint64_t number = 0; number < std::uint64_t{4} * abi::call_limit; ++number)
        if (!is_hypercall(number))
            refuse(number);
    for (std::uint32_t bit = 7; bit < 64; ++bit)
        refuse(std::uint64_t{1} << bit | static_cast<std::uint64_t>(Call::shutdown));
    attempt.counted(counter::refused, refused);
    attempt.counted(counter::exit(abi::ExitReason::vmcall), refused);
}

void garbage_registers(Attempt& attempt) {
    std::uint64_t rax = static_cast<std::uint64_t>(Call::empty);
    std::uint64_t changed = 0;
    register std::uint64_t r8 asm("r8") = ones;
    register std::uint64_t r9 asm("r9") = ones;
    register std::uint64_t r10 asm("r10") = ones;
    register std::uint64_t r11 asm("r11") = ones;
    std::uint64_t rcx = ones;
    std::uint64_t rdx = ones;
    std::uint64_t rdi = ones;
    std::uint64_t rsi = ones;
    asm volatile("pushq %%rbp\n\tmovq $-1, %%rbp\n\t"
                 "vmcall\n\t"
                 "notq %%rbp\n\tmovq %%rbp, %[changed]\n\tpopq %%rbp"
                 : "+a"(rax), "+c"(rcx), "+d"(rdx), "+D"(rdi), "+S"(rsi), "+r"(r8), "+r"(r9),
                   "+r"(r10), "+r"(r11), [changed] "=b"(changed)
                 :
                 : "cc", "memory");
    changed |= ~(rcx & rdx & rdi & rsi & r8 & r9 & r10 & r11);
    attempt.told(rax, Error::none);
    attempt.expect(changed == 0, "the registers stay");
    attempt.counted(counter::refused, 0);
}

void from_ring_3(Attempt& attempt) {
    const Ring3 ring_3;
    constexpr std::uint64_t numbers = std::uint64_t{2} * abi::call_limit;
    for (std::uint64_t number = 0; number < numbers; ++number) {
        Ring3Start start = Ring3::start_at(user_address(&hostile_user_vmcall));
        start.rax = number;
        start.rdi = ones;
        const Caught caught = Ring3::run(start);
        attempt.told(caught.rax, Error::not_privileged);
        attempt.expect(caught.vector == 6, "it goes on after the VMCALL");
    }
    attempt.counted(counter::refused, numbers);
    attempt.counted(counter::injected, 0);
}

void control_registers(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t cr4 = paravirt::get_cr4();
    const Refusal refusals[]{
        {Call::set_cr0, {cpu.cr0 & ~cr0_pg}, Error::bad_cr0},
        {Call::set_cr0, {cpu.cr0 & ~cr0_pe}, Error::bad_cr0},
        {Call::set_cr0, {cpu.cr0 | std::uint64_t{1} << 29}, Error::bad_cr0}, // NW without CD
        {Call::set_cr0, {cpu.cr0 | std::uint64_t{1} << 32}, Error::bad_cr0},
        {Call::set_cr0, {ones}, Error::bad_cr0},
        {Call::set_cr3, {ones}, Error::bad_cr3},
        {Call::set_cr3, {std::uint64_t{1} << 63 | cpu.root}, Error::bad_cr3},
        {Call::set_cr3, {std::uint64_t{1} << 51 | cpu.root}, Error::bad_cr3},
        {Call::set_cr3, {no_memory}, Error::bad_cr3},
        {Call::set_cr3, {monitors_memory()}, Error::bad_cr3},
        {Call::set_cr3, {abi::vcpu_area_base}, Error::bad_cr3},
        {Call::set_cr3, {abi::rom_base}, Error::bad_cr3},
        {Call::set_cr4, {cr4 & ~cr4_pae}, Error::bad_cr4},
        {Call::set_cr4, {cr4 | 1 << 12}, Error::bad_cr4}, // LA57
        {Call::set_cr4, {cr4 | 1 << 13}, Error::bad_cr4}, // VMXE
        {Call::set_cr4, {cr4 | 1 << 14}, Error::bad_cr4}, // SMXE
        {Call::set_cr4, {cr4 | 1 << 23}, Error::bad_cr4}, // CET
        {Call::set_cr4, {cr4 | std::uint64_t{1} << 63}, Error::bad_cr4},
        {Call::set_cr4, {ones}, Error::bad_cr4},
    };
    expect_refusals(attempt, refusals);
    // Roots in the guest's memory: one that maps nothing, and a valid one that was never
    // registered.
    const std::uint64_t page = pages::allocate();
    const Refusal empty_root[]{{Call::set_cr3, {page}, Error::root_lacks_kernel}};
    expect_refusals(attempt, empty_root);
    if (machine().profile == abi::Profile::hardened) {
        std::memcpy(linear_pointer<void>(page), linear_pointer<void>(cpu.root), page_size);
        const Refusal unregistered[]{{Call::set_cr3, {page}, Error::root_not_registered}};
        expect_refusals(attempt, unregistered);
    }
    pages::release(page);
    attempt.expect(paravirt::get_cr3() == cpu.root, "CR3 is the same");
    attempt.expect(paravirt::get_cr4() == cr4, "CR4 is the same");
}

void lazy_modes(Attempt& attempt) {
    using abi::LazyMode;
    attempt.told(paravirt::set_lazy_mode_checked(LazyMode::none), Error::unpaired_lazy_mode);
    attempt.told(paravirt::set_lazy_mode_checked(LazyMode::cpu), Error::none);
    attempt.told(paravirt::set_lazy_mode_checked(LazyMode::cpu), Error::nested_lazy_mode);
    attempt.told(paravirt::set_lazy_mode_checked(LazyMode::mmu), Error::nested_lazy_mode);
    attempt.told(paravirt::set_lazy_mode_checked(static_cast<LazyMode>(3)),
                 Error::unknown_lazy_mode);
    attempt.told(paravirt::set_lazy_mode_checked(static_cast<LazyMode>(~0U)),
                 Error::unknown_lazy_mode);
    // The lazy mode itself lies in the area. A forged mode only makes the ROM queue.
    vcpu_area().control.lazy_mode = ~0U;
    attempt.told(paravirt::set_lazy_mode_checked(LazyMode::none), Error::none);
    attempt.counted(counter::exits, 0);
}

constexpr AttackCode codes[]{
    {"vmcall-every-number", every_number},
    {"vmcall-garbage-registers", garbage_registers},
    {"vmcall-from-ring-3", from_ring_3},
    {"control-register-calls", control_registers},
    {"lazy-modes", lazy_modes},
};

} // namespace

std::span<const AttackCode> call_attacks() { return codes; }

} // namespace guest::hostile
