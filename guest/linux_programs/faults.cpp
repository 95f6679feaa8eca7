#include "guest/linux_programs/faults.h"

#include "guest/linux_programs/failure.h"

#include <array>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

namespace linux_guest {
namespace {

struct Fault {
    int signal_number;
    int code;
    std::uintptr_t address;
};

// Global, because a signal handler can reach nothing else.
volatile Fault seen{};
volatile int seen_count = 0;
/// Length of the instruction that the handler skips; after a breakpoint, RIP is already past the
/// instruction.
volatile std::int64_t skipped_bytes = 0;

void note_fault(int signal_number, siginfo_t* information, void* context) {
    auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
    seen.signal_number = signal_number;
    seen.code = information->si_code;
    seen.address = reinterpret_cast<std::uintptr_t>(information->si_addr);
    seen_count = seen_count + 1;
    machine.gregs[REG_RIP] += skipped_bytes;
}

void expect(int count_before, int signal_number, int code) {
    if (seen_count != count_before + 1)
        fail("%s came %d times", strsignal(signal_number), seen_count - count_before);
    if (seen.signal_number != signal_number || seen.code != code) {
        fail("signal %d with code %d and not %s with code %d", seen.signal_number, seen.code,
             strsignal(signal_number), code);
    }
}

void expect_address(std::uintptr_t address) {
    if (seen.address != address)
        fail("a fault at %#lx and not at %#lx", seen.address, address);
}

void divide_by_zero() {
    const int before = seen_count;
    skipped_bytes = 2;
    asm volatile("xor %%edx, %%edx; mov $1, %%eax; xor %%ecx, %%ecx; div %%ecx" ::
                     : "eax", "ecx", "edx", "cc", "memory");
    expect(before, SIGFPE, FPE_INTDIV);
}

void execute_undefined() {
    const int before = seen_count;
    skipped_bytes = 2;
    std::uintptr_t at = 0;
    asm volatile("lea 1f(%%rip), %0; 1: ud2" : "=&r"(at)::"memory");
    expect(before, SIGILL, ILL_ILLOPN);
    expect_address(at);
}

void write_to_forbidden_memory() {
    const auto size = static_cast<std::size_t>(getpagesize());
    void* const page = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        fail_with_errno("mmap");
    const int before = seen_count;
    skipped_bytes = 2;
    asm volatile("movb %%al, (%%rcx)" ::"c"(page) : "memory");
    expect(before, SIGSEGV, SEGV_ACCERR);
    expect_address(reinterpret_cast<std::uintptr_t>(page));
    munmap(page, size);
}

void break_here() {
    const int before = seen_count;
    skipped_bytes = 0;
    asm volatile("int3" ::: "memory");
    expect(before, SIGTRAP, SI_KERNEL);
}

/// The exception is pending until the next instruction that waits for the x87 unit.
void divide_by_zero_in_x87() {
    const int before = seen_count;
    constexpr std::uint16_t all_masked_but_division = 0x037B;
    constexpr float zero = 0;
    skipped_bytes = 1;
    asm volatile("fninit; fldcw %0; fld1; fdivs %1; fwait; fninit" ::"m"(all_masked_but_division),
                 "m"(zero)
                 : "st", "memory");
    expect(before, SIGFPE, FPE_FLTDIV);
}

} // namespace

int make_faults() {
    struct sigaction action = {};
    action.sa_sigaction = note_fault;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    for (const int signal_number : {SIGFPE, SIGILL, SIGSEGV, SIGTRAP})
        if (sigaction(signal_number, &action, nullptr) != 0)
            fail_with_errno("sigaction");
    constexpr std::array makers{divide_by_zero, execute_undefined, write_to_forbidden_memory,
                                break_here, divide_by_zero_in_x87};
    for (const auto maker : makers)
        maker();
    return static_cast<int>(makers.size());
}

} // namespace linux_guest
