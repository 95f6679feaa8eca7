#include "tests/unit/machine_code/native_execution.h"

#include <algorithm>
#include <cstdlib>
#include <sys/mman.h>

namespace test {

namespace {

struct NativeState {
    hv::GuestRegisters registers;
    std::uint64_t rflags;
};

/// RDI: the state, RSI: the code, which ends with RET.
[[gnu::naked]] void run_native(NativeState*, const std::uint8_t*) {
    asm(R"(
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        push %rdi
        push %rsi
        pushq 128(%rdi)
        popfq
        mov 0(%rdi), %rax
        mov 8(%rdi), %rcx
        mov 16(%rdi), %rdx
        mov 24(%rdi), %rbx
        mov 40(%rdi), %rbp
        mov 48(%rdi), %rsi
        mov 64(%rdi), %r8
        mov 72(%rdi), %r9
        mov 80(%rdi), %r10
        mov 88(%rdi), %r11
        mov 96(%rdi), %r12
        mov 104(%rdi), %r13
        mov 112(%rdi), %r14
        mov 120(%rdi), %r15
        mov 56(%rdi), %rdi
        call *(%rsp)
        pushfq
        cld
        push %rdi
        mov 24(%rsp), %rdi
        mov %rax, 0(%rdi)
        mov %rcx, 8(%rdi)
        mov %rdx, 16(%rdi)
        mov %rbx, 24(%rdi)
        mov %rbp, 40(%rdi)
        mov %rsi, 48(%rdi)
        popq 56(%rdi)
        mov %r8, 64(%rdi)
        mov %r9, 72(%rdi)
        mov %r10, 80(%rdi)
        mov %r11, 88(%rdi)
        mov %r12, 96(%rdi)
        mov %r13, 104(%rdi)
        mov %r14, 112(%rdi)
        mov %r15, 120(%rdi)
        popq 128(%rdi)
        pop %rsi
        pop %rdi
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        ret
    )");
}

} // namespace

NativeExecution::NativeExecution() {
    void* pages = mmap(nullptr, 2 * page, PROT_READ | PROT_WRITE | PROT_EXEC,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (pages == MAP_FAILED) {
        std::abort();
    }
    pages_ = static_cast<std::uint8_t*>(pages);
}

NativeExecution::~NativeExecution() { munmap(pages_, 2 * page); }

void NativeExecution::run(std::span<const std::uint8_t> bytes, hv::GuestRegisters& registers,
                          std::uint64_t& rflags) {
    constexpr std::uint8_t ret = 0xC3;
    *std::copy(bytes.begin(), bytes.end(), pages_) = ret;
    NativeState state{registers, rflags};
    run_native(&state, pages_);
    registers = state.registers;
    rflags = state.rflags;
}

} // namespace test
