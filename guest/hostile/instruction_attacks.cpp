// Instructions that the guest does not have or that are invalid, and task switches.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"

namespace guest::hostile {
namespace {

constexpr std::uint32_t ud = 6;
constexpr std::uint32_t gp = interrupts::general_protection;

void vmx_instructions(Attempt& attempt) {
    static std::uint64_t operand[2];
    auto* const at = operand;
    const Caught all[]{
        caught([at] {
            asm volatile("vmxon (%0)" : : "r"(at) : "memory", "cc");
        }),
        caught([at] {
            asm volatile("vmclear (%0)" : : "r"(at) : "memory", "cc");
        }),
        caught([at] {
            asm volatile("vmptrld (%0)" : : "r"(at) : "memory", "cc");
        }),
        caught([at] {
            asm volatile("vmptrst (%0)" : : "r"(at) : "memory", "cc");
        }),
        caught([at] {
            asm volatile("vmread %1, (%0)" : : "r"(at), "r"(0UL) : "memory", "cc");
        }),
        caught([at] {
            asm volatile("vmwrite (%0), %1" : : "r"(at), "r"(0UL) : "memory", "cc");
        }),
        caught([] {
            asm volatile("vmlaunch" : : : "memory", "cc");
        }),
        caught([] {
            asm volatile("vmresume" : : : "memory", "cc");
        }),
        caught([] {
            asm volatile("vmxoff" : : : "memory", "cc");
        }),
        caught([at] {
            asm volatile("invept (%0), %1" : : "r"(at), "r"(2UL) : "memory", "cc");
        }),
        caught([at] {
            asm volatile("invvpid (%0), %1" : : "r"(at), "r"(2UL) : "memory", "cc");
        }),
        caught([] {
            asm volatile("vmfunc" : : "a"(0), "c"(0) : "memory");
        }),
        caught([] {
            asm volatile("getsec" : "+a"(*operand) : "b"(0) : "memory");
        }),
    };
    for (const Caught& one : all)
        attempt.told(one, ud);
    attempt.expect(attempt.difference(counter::injected) <= std::size(all), "one #UD each");
}

void odd_instructions(Attempt& attempt) {
    attempt.told(caught([] { asm volatile("invd" : : : "memory"); }), no_exception);
    attempt.counted(counter::exit(abi::ExitReason::invd), 1);
    // Neither instruction exits: the processor itself decides which operands are invalid.
    const auto either = [&](const Caught& raised) {
        attempt.told(raised, raised.vector == gp ? gp : no_exception);
    };
    for (const std::uint32_t index : {~0U, 0x80000000U, 0x3FFFFFFFU})
        either(caught([index] { asm volatile("rdpmc" : : "c"(index) : "rax", "rdx"); }));
    static std::uint64_t line;
    either(caught([] { asm volatile("monitor" : : "a"(&line), "c"(1), "d"(0) : "memory"); }));
    attempt.told(caught([] {
                     asm volatile("monitor" : : "a"(&line), "c"(0), "d"(0) : "memory");
                 }),
                 no_exception);
    constexpr std::uint32_t leaves[]{0,          1,          7,          0xB,        0xD,
                                     0x14,       0x3FFFFFFF, 0x40000000, 0x40000001, 0x4000FFFF,
                                     0x80000000, 0x80000008, 0xC0000000, ~0U};
    for (const std::uint32_t leaf : leaves)
        for (const std::uint32_t subleaf : {0U, 1U, ~0U})
            attempt.told(caught([=] { (void)paravirt::cpuid(leaf, subleaf); }), no_exception);
    constexpr std::uint32_t vmx_and_smx = 3 << 5;
    attempt.expect((paravirt::cpuid(1).ecx & vmx_and_smx) == 0, "CPUID has neither VMX nor SMX");
    attempt.counted(counter::exit(abi::ExitReason::cpuid), 3 * std::size(leaves) + 1);
    attempt.counted(counter::injected, 0);
}

struct [[gnu::packed]] FarPointer {
    std::uint32_t offset;
    std::uint16_t selector;
};

void set_idt_half(std::uint64_t index, std::uint64_t value) {
    static_cast<volatile std::uint64_t*>(this_cpu().idt)[index] = value;
}

void task_switches(Attempt& attempt) {
    const FarPointer tss{0, tss_selector};
    attempt.told(caught([&tss] { asm volatile("ljmp *%0" : : "m"(tss) : "memory"); }), gp);
    attempt.told(caught([&tss] { asm volatile("lcall *%0" : : "m"(tss) : "memory"); }), gp);
    attempt.told(caught([] {
                     asm volatile("pushfq\n\torl %0, (%%rsp)\n\tpopfq\n\tiretq"
                                  :
                                  : "i"(static_cast<std::uint32_t>(rflags_nt))
                                  : "memory", "cc");
                 }),
                 gp);
    constexpr std::uint64_t low = std::uint64_t{2} * interrupts::test_vector;
    constexpr std::uint64_t task_gate = std::uint64_t{0x85} << 40 | std::uint64_t{tss_selector}
                                                                        << 16;
    if (monitor_owns_tables()) {
        const Refusal refusal[]{{abi::Call::write_idt_entry,
                                 {address_of(this_cpu().idt), low, task_gate},
                                 abi::Error::bad_gate}};
        expect_refusals(attempt, refusal);
    } else {
        set_idt_half(low, task_gate);
    }
    const Caught interrupt = caught([] { asm volatile("int $0x81" : : : "memory"); });
    attempt.told(interrupt, gp);
    if (!monitor_owns_tables())
        set_idt_half(low, 0);
    attempt.counted(counter::exit(abi::ExitReason::task_switch), 0);
}

constexpr AttackCode codes[]{
    {"vmx-instructions", vmx_instructions},
    {"odd-instructions", odd_instructions},
    {"task-switches", task_switches},
};

} // namespace

std::span<const AttackCode> instruction_attacks() { return codes; }

} // namespace guest::hostile
