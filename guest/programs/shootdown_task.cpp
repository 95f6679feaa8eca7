// Ring 3: a thread that checks, as fast as it can, whether its accesses see what the kernel has
// unmapped, protected or remapped. It calls nothing outside the ring-3 image and has no static
// data.

#include "guest/programs/shootdown_task.h"

#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/programs/check.h"
#include "guest/programs/system_calls.h"

#include <cstddef>

namespace guest::programs {
namespace {

volatile ShootdownPage& control() {
    return *reinterpret_cast<volatile ShootdownPage*>(user_scratch_page);
}

/// The outcome of an access: the vector of the exception, or 0, and the value read.
struct Access {
    std::uint64_t vector;
    std::uint64_t value;
};

// The fault handler stays set: after a fault execution goes on there, with the vector in RAX.
Access read(std::uint64_t address) {
    Access access{0, address};
    asm volatile("leaq 1f(%%rip), %%rdi\n\t"
                 "syscall\n\t"
                 "movq (%[value]), %[value]\n\t"
                 "xorl %%eax, %%eax\n"
                 "1:"
                 : "=a"(access.vector), [value] "+b"(access.value)
                 : "0"(static_cast<std::uint64_t>(SystemCall::on_fault))
                 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
    return access;
}

std::uint64_t vector_of_write(std::uint64_t address, std::uint64_t value) {
    auto vector = static_cast<std::uint64_t>(SystemCall::on_fault);
    asm volatile("leaq 1f(%%rip), %%rdi\n\t"
                 "syscall\n\t"
                 "movq %[value], (%[address])\n\t"
                 "xorl %%eax, %%eax\n"
                 "1:"
                 : "+a"(vector)
                 : [address] "b"(address), [value] "r"(value)
                 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
    return vector;
}

void report(std::uint64_t expected, std::uint64_t found) {
    call(ProgramCall::report_mismatch, static_cast<std::uint64_t>(Check::memory), expected, found);
}

/// Makes one read and one write, and judges them if the state was the same before and after.
/// Returns true if they could be judged.
bool check(std::uint64_t number, std::uint64_t page) {
    const std::uint64_t address = user_memory_base + page * page_size;
    const std::uint64_t state = control().state;
    const std::uint64_t kind = state & pages_state_mask;
    const std::uint64_t content = control().content + page;
    const Access access = read(address);
    const std::uint64_t write = vector_of_write(address + 8 * number, content);
    if (kind == pages_changing || control().state != state)
        return false;
    const std::uint64_t fault = interrupts::page_fault;
    const std::uint64_t read_vector = kind == pages_unmapped ? fault : 0;
    const std::uint64_t write_vector = kind == pages_writable ? 0 : fault;
    if (access.vector != read_vector)
        report(read_vector, access.vector);
    else if (access.vector == 0 && access.value != content)
        report(content, access.value);
    if (write != write_vector)
        report(write_vector, write);
    return true;
}

[[noreturn]] void run(std::uint64_t number) {
    std::uint64_t checked = 0;
    std::uint64_t page = number;
    asm volatile("lock incq %0" : "+m"(control().started) : : "cc");
    while (control().stop == 0) {
        page = (page + 7) % shootdown_pages;
        if (check(number, page))
            ++checked;
    }
    call(ProgramCall::report_checked, static_cast<std::uint64_t>(Check::memory), checked);
    call(SystemCall::exit);
    __builtin_unreachable();
}

static_assert(static_cast<int>(SystemCall::exit) == 1);
static_assert(offsetof(ShootdownPage, stop) == 16 && offsetof(ShootdownPage, started) == 24);

} // namespace
} // namespace guest::programs

// The arguments come in registers, as to any function; the kernel takes the address only.
asm(".pushsection .text\n\t"
    ".global shootdown_task, spinning_task\n"
    "shootdown_task:\n\t"
    "jmp run_shootdown_task\n"
    "spinning_task:\n\t"
    "lock incq 24(%rdi)\n"
    "1: pause\n\t"
    "cmpq $0, 16(%rdi)\n\t"
    "je 1b\n\t"
    "movl $1, %eax\n\t"
    "syscall\n\t"
    ".popsection");

extern "C" [[noreturn, gnu::used]] void run_shootdown_task(std::uint64_t number) {
    guest::programs::run(number);
}
