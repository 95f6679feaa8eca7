#include "guest/user/workload_task.h"

#include "guest/tasks/system_call_number.h"

namespace {
static_assert(static_cast<int>(guest::SystemCall::yield) == 0, "the loops clear RAX");
}

// Assembly, so that a slice is these instructions and no others.
asm(".pushsection .text\n\t"
    ".global yielding_task, yielding_fpu_task\n"
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
    "jmp yielding_fpu_task\n\t"
    ".popsection");
