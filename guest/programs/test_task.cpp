// Ring 3: a task that puts a pattern of its own into everything that is switched with it, lets
// others run, and checks that the pattern is still there. It calls nothing outside the ring-3 image
// and has no static data.

#include "guest/programs/test_task.h"

#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/programs/check.h"
#include "guest/programs/system_calls.h"

#include <cstddef>

namespace guest::programs {
namespace {

constexpr std::uint64_t pattern(std::uint64_t id, std::uint64_t round, std::uint64_t position) {
    return (id << 48) ^ (round << 16) ^ position ^ 0x0123456789ABCDEF;
}

/// Everything one round of the FPU check needs, addressed from one register.
struct FpuRound {
    std::uint64_t xmm[32];
    std::uint64_t x87[4];
    std::uint64_t xmm_after[32];
    std::uint64_t x87_after[4];
    std::uint64_t spins; ///< 0: yield
};
static_assert(sizeof(FpuRound) == 73 * sizeof(std::uint64_t));

constexpr std::uint64_t preemption_spins = 5000;

struct Self {
    std::uint64_t id;
    std::uint64_t flags;
    std::uint64_t checked[check_count];

    bool uses(std::uint64_t flag) const { return (flags & flag) != 0; }
    std::uint64_t port() const { return flags >> test_port_shift; }
};

void expect(Self& self, Check check, std::uint64_t expected, std::uint64_t found) {
    ++self.checked[static_cast<std::uint64_t>(check)];
    if (expected != found)
        call(ProgramCall::report_mismatch, static_cast<std::uint64_t>(check), expected, found);
}

void wait(const Self& self) {
    if (!self.uses(test_preemptive)) {
        call(SystemCall::yield);
        return;
    }
    for (std::uint64_t i = 0; i < preemption_spins; ++i)
        asm volatile("");
}

/// Loads all of XMM0-15 and four x87 registers, waits, and stores them again.
[[gnu::noinline]] void wait_with_fpu(FpuRound& round) {
    asm volatile(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
                 "movdqu \\n*16(%%rbx), %%xmm\\n\n\t"
                 ".endr\n\t"
                 "fildll 256(%%rbx)\n\t"
                 "fildll 264(%%rbx)\n\t"
                 "fildll 272(%%rbx)\n\t"
                 "fildll 280(%%rbx)\n\t"
                 "movq 576(%%rbx), %%rcx\n\t"
                 "testq %%rcx, %%rcx\n\t"
                 "jz 2f\n"
                 "1: decq %%rcx\n\t"
                 "jnz 1b\n\t"
                 "jmp 3f\n"
                 "2: xorl %%eax, %%eax\n\t"
                 "syscall\n"
                 "3: fistpll 568(%%rbx)\n\t"
                 "fistpll 560(%%rbx)\n\t"
                 "fistpll 552(%%rbx)\n\t"
                 "fistpll 544(%%rbx)\n\t"
                 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
                 "movdqu %%xmm\\n, 288+\\n*16(%%rbx)\n\t"
                 ".endr"
                 :
                 : "b"(&round)
                 : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
    static_assert(static_cast<std::uint64_t>(SystemCall::yield) == 0);
    static_assert(offsetof(FpuRound, x87) == 256 && offsetof(FpuRound, xmm_after) == 288 &&
                  offsetof(FpuRound, x87_after) == 544 && offsetof(FpuRound, spins) == 576);
}

void check_fpu(Self& self, std::uint64_t number) {
    FpuRound round;
    for (std::uint64_t i = 0; i < 32; ++i)
        round.xmm[i] = pattern(self.id, number, i);
    for (std::uint64_t i = 0; i < 4; ++i)
        round.x87[i] = pattern(self.id, number, 32 + i);
    round.spins = self.uses(test_preemptive) ? preemption_spins : 0;
    wait_with_fpu(round);
    std::uint64_t wrong = 0;
    for (std::uint64_t i = 0; i < 32; ++i)
        wrong += round.xmm[i] != round.xmm_after[i] ? 1U : 0U;
    for (std::uint64_t i = 0; i < 4; ++i)
        wrong += round.x87[i] != round.x87_after[i] ? 1U : 0U;
    expect(self, Check::fpu, 0, wrong);
}

std::uint64_t tls_address(const Self& self, std::uint64_t index) {
    return user_tls_page + (self.id * tls_slots + index) * test_tls_block;
}

std::uint64_t tls_pattern(const Self& self, std::uint64_t index) {
    return pattern(self.id, 0, 64 + index);
}

void set_up_tls(Self& self) {
    for (std::uint64_t i = 0; i < tls_slots; ++i) {
        *reinterpret_cast<volatile std::uint64_t*>(tls_address(self, i)) = tls_pattern(self, i);
        expect(self, Check::tls, 0, call(SystemCall::set_tls, i, tls_address(self, i)));
    }
}

std::uint16_t tls_index(std::uint64_t number) {
    return static_cast<std::uint16_t>(number % tls_slots);
}

void load_tls_registers(std::uint64_t number) {
    asm volatile("movl %0, %%fs" : : "r"(std::uint32_t{tls_selector(tls_index(number))}));
    asm volatile("movl %0, %%gs" : : "r"(std::uint32_t{tls_selector(tls_index(number + 1))}));
}

// Reads through a segment register. Returns the value, or the vector of the exception, which is
// raised if the register holds the null selector.
#define READ_THROUGH(segment_register)                                                             \
    std::uint64_t value = static_cast<std::uint64_t>(SystemCall::on_fault);                        \
    asm volatile("leaq 1f(%%rip), %%rdi\n\t"                                                       \
                 "syscall\n\t"                                                                     \
                 "movq %%" segment_register ":0, %%rax\n"                                          \
                 "1:"                                                                              \
                 : "+a"(value)                                                                     \
                 :                                                                                 \
                 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");          \
    call(SystemCall::on_fault, 0);                                                                 \
    return value

std::uint64_t read_through_fs() { READ_THROUGH("fs"); }
std::uint64_t read_through_gs() { READ_THROUGH("gs"); }

void check_tls_registers(Self& self, std::uint64_t number) {
    expect(self, Check::tls, tls_pattern(self, tls_index(number)), read_through_fs());
    expect(self, Check::tls, tls_pattern(self, tls_index(number + 1)), read_through_gs());
}

void check_kernel_stack(Self& self) {
    expect(self, Check::kernel_stack, self.id, call(SystemCall::stack_owner));
    expect(self, Check::kernel_stack, self.id, call_by_interrupt(SystemCall::stack_owner));
}

/// Writes the watched variable once, which must count once for a task that watches it, and never
/// for one that does not: the variable lies at the same address in all of them.
void check_debug_registers(Self& self, volatile std::uint64_t& watched, std::uint64_t number) {
    const std::uint64_t before = call(SystemCall::debug_hits);
    watched = number;
    const std::uint64_t hits = call(SystemCall::debug_hits) - before;
    expect(self, Check::debug_registers, self.uses(test_debug) ? 1 : 0, hits);
    expect(self, Check::debug_registers, 1, call(SystemCall::debug_match));
}

/// Reads a port. Returns the vector of the exception that the read raised, or 0.
std::uint64_t vector_of_in(std::uint64_t port) {
    std::uint64_t vector = static_cast<std::uint64_t>(SystemCall::on_fault);
    asm volatile("leaq 1f(%%rip), %%rdi\n\t"
                 "syscall\n\t"
                 "movl %k[port], %%edx\n\t"
                 "inb %%dx, %%al\n\t"
                 "xorl %%eax, %%eax\n"
                 "1:"
                 : "+a"(vector)
                 : [port] "b"(port)
                 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
    call(SystemCall::on_fault, 0);
    return vector;
}

void check_port(Self& self, std::uint64_t port) {
    const std::uint64_t expected = self.port() == port ? 0 : interrupts::general_protection;
    expect(self, Check::io_permissions, expected, vector_of_in(port));
}

[[noreturn]] void run(std::uint64_t id, std::uint64_t flags) {
    Self self{id, flags, {}};
    alignas(8) volatile std::uint64_t watched = 0;
    if (self.uses(test_tls))
        set_up_tls(self);
    if (self.port() != 0)
        expect(self, Check::io_permissions, 0, call(SystemCall::grant_ports, self.port(), 1));
    if (self.uses(test_debug))
        call(SystemCall::watch, reinterpret_cast<std::uint64_t>(&watched));

    for (std::uint64_t number = 1; call(ProgramCall::stop_requested) == 0; ++number) {
        if (self.uses(test_tls))
            load_tls_registers(number);
        if (self.uses(test_fpu))
            check_fpu(self, number);
        else
            wait(self);
        if (self.uses(test_tls))
            check_tls_registers(self, number);
        check_kernel_stack(self);
        check_debug_registers(self, watched, number);
        check_port(self, first_test_port);
        check_port(self, second_test_port);
    }
    for (std::uint64_t i = 0; i < check_count; ++i)
        call(ProgramCall::report_checked, i, self.checked[i]);
    call(SystemCall::exit);
    __builtin_unreachable();
}

} // namespace
} // namespace guest::programs

// The arguments come in registers, as to any function; the kernel takes the address only.
asm(".pushsection .text\n\t"
    ".global test_task\n"
    "test_task:\n\t"
    "jmp run_test_task\n\t"
    ".popsection");

extern "C" [[noreturn, gnu::used]] void run_test_task(std::uint64_t id, std::uint64_t flags) {
    guest::programs::run(id, flags);
}
