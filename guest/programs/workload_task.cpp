#include "guest/programs/workload_task.h"

#include "guest/kernel/tasks/system_call_number.h"

namespace {
static_assert(static_cast<int>(guest::SystemCall::yield) == 0, "the loops clear RAX");
}

// Assembly, so that a slice is these instructions and no others.
asm(".pushsection .text\n\t"
    ".global yielding_task, yielding_fpu_task, touching_task\n"
    "yielding_task:\n\t"
    "xorl %eax, %eax\n\t"
    "syscall\n\t"
    "jmp yielding_task\n"
    "yielding_fpu_task:\n\t"
    "pcmpeqd %xmm1, %xmm1\n\t"
    "paddq %xmm1, %xmm0\n\t"
    "fld1\n\t"
    "fstp %st(0)\n\t"
    "xorl %eax, %eax\n\t"
    "syscall\n\t"
    "jmp yielding_fpu_task\n"
    // A system call keeps RBX, RBP and R12 to R15.
    "touching_task:\n\t"
    "movq %rdi, %rbx\n\t"
    "movq %rsi, %rbp\n"
    "1: movq %rbx, %r12\n\t"
    "movq %rbp, %rcx\n"
    "2: incq (%r12)\n\t"
    "addq $4096, %r12\n\t"
    "decq %rcx\n\t"
    "jnz 2b\n\t"
    "xorl %eax, %eax\n\t"
    "syscall\n\t"
    "jmp 1b\n\t"
    ".popsection");
