// The start-up interpreter with whole trampolines, from the SIPI to 64-bit mode.

#include "tests/unit/cases/startup_modes_case.h"

namespace hv::test {
namespace {

class StartupTrampolines : public StartupModesCase {};

// As the trampoline of a large kernel: a lock for the stack, CPUID by way of the flags, features
// and an MSR, tables by LGDTL, a far jump over a pointer that was patched, EFER only when it
// differs.
STARTUP_CODE(large_trampoline, R"(
    cli
    wbinvd
    mov %cs, %ax
    mov %ax, %ds
    mov %ax, %es
1:  lock btsl $0, lt_lock - large_trampoline_begin
    jnc 2f
    pause
    jmp 1b
2:  mov %ax, %ss
    mov $0x1F00, %esp
    ljmpw *(lt_self - large_trampoline_begin)
lt_resumed:
    movl $0xA5A5A5A5, lt_status - large_trampoline_begin
    calll lt_verify
    testl %eax, %eax
    jnz lt_no_long_mode
    mov %cs, %si
    movzwl %si, %esi
    shll $4, %esi
    lidtl lt_idt - large_trampoline_begin
    lgdtl lt_gdt - large_trampoline_begin
    movw $0x18, %dx
    movl $0x11, %eax
    movl %eax, %cr0
    ljmpl $0x10, $)" AT(large_trampoline, "lt_startup_32") R"(
lt_no_long_mode:
    hlt
    jmp lt_no_long_mode
lt_verify:
    pushfl
    pushl $0
    popfl
    pushfl
    popl %eax
    movl %eax, %ebx
    xorl $0x200000, %eax
    pushl %eax
    popfl
    pushfl
    popl %eax
    cmpl %eax, %ebx
    jz 3f
    movl $0, %eax
    cpuid
    cmpl $1, %eax
    jb 3f
    xor %di, %di
    cmpl $0x68747541, %ebx
    jz 3f
    movl $0x1A0, %ecx
    rdmsr
    btrl $2, %edx
    jnc 4f
    wrmsr
4:  movl $0x80000001, %eax
    cpuid
    andl $8, %edx
    xorl $8, %edx
    jnz 3f
    popfl
    xorl %eax, %eax
    retl
3:  popfl
    movl $1, %eax
    retl
.code32
lt_startup_32:
    movl %edx, %ss
    addl $0x8000, %esp
    movl %edx, %ds
    movl %edx, %es
    movl %edx, %fs
    movl %edx, %gs
    btl $1, )" AT(large_trampoline, "lt_status") R"(
    jc 5f
    movl )" AT(large_trampoline, "lt_cr4") R"(, %eax
    movl %eax, %cr4
    movl $0x200000, %eax
    movl %eax, %cr3
    movl $0xC0000080, %ecx
    rdmsr
    cmpl %eax, )" AT(large_trampoline, "lt_efer") R"(
    jne 6f
    cmpl %edx, )" AT(large_trampoline, "lt_efer") R"( + 4
    je 7f
6:  movl )" AT(large_trampoline, "lt_efer") R"(, %eax
    movl )" AT(large_trampoline, "lt_efer") R"( + 4, %edx
    wrmsr
7:  movl $0x80050033, %eax
    movl %eax, %cr0
    ljmpl $0x08, $)" AT(large_trampoline, "lt_startup_64") R"(
5:  hlt
.code64
lt_startup_64:
    jmp *0x1234(%rip)
    .balign 4
lt_lock:   .long 0
lt_status: .long 0
lt_cr4:    .long 0x6B0
lt_efer:   .quad 0xD01
lt_self:   .word lt_resumed - large_trampoline_begin, 0x0800
lt_idt:    .word 0
           .long 0
lt_gdt:    .word 0x27
           .long )" AT(large_trampoline, "lt_table") R"(
    .balign 8
lt_table:  .quad 0
           .quad 0x00AF9B000000FFFF
           .quad 0x00CF9B000000FFFF
           .quad 0x00CF93000000FFFF
           .quad 0
lt_end_64: .long lt_startup_64 - large_trampoline_begin
)");

TEST_F(StartupTrampolines, TrampolineOfALargeKernel) {
    machine.msrs[0x1A0] = 0x400000000;
    start(large_trampoline);
    std::uint32_t target = 0;
    std::memcpy(&target, large_trampoline.data() + large_trampoline.size() - 4, 4);
    expect_64_bit_mode(code_base + target, 0x08);
    EXPECT_EQ(*direct_pointer(code_base + target), 0xFF) << "the instruction is still to come";
    EXPECT_EQ(machine.msrs[0x1A0], 0U);
    EXPECT_EQ(state.general.unused_rsp, 0x9F00U);
    EXPECT_EQ(state.cr0, 0x80050033U);
    EXPECT_EQ(state.cr3, top_table);
    EXPECT_EQ(state.cr4, 0x6B0U);
    EXPECT_EQ(state.efer, 0xD01U);
    for (const auto number : {SegmentNumber::ss, SegmentNumber::ds, SegmentNumber::gs}) {
        EXPECT_EQ(segment(number).selector, 0x18);
        EXPECT_EQ(segment(number).limit, 0xFFFFFFFF);
        EXPECT_EQ(segment(number).access_rights.raw, 0xC093U);
    }
    EXPECT_EQ(state.gdtr.limit, 0x27);
    EXPECT_EQ(state.idtr.limit, 0);
    // The next one waits for the lock, which the kernel gives back.
    state = after_sipi(vector);
    end = run_startup(state, environment(), budget);
    EXPECT_STREQ(end.reason, "too many instructions");
}

// As small as it can be: no stack, straight to 32-bit code, a number taken from a counter.
STARTUP_CODE(small_trampoline, R"(
    lgdtl %cs:st_gdt - small_trampoline_begin
    smsw %ax
    or $1, %al
    lmsw %ax
    ljmpl $0x10, $)" AT(small_trampoline, "st_protected") R"(
.code32
st_protected:
    mov $0x18, %ax
    mov %ax, %ds
    mov %ax, %ss
    mov %cr4, %eax
    or $0x20, %eax
    mov %eax, %cr4
    mov $0x200000, %eax
    mov %eax, %cr3
    mov $0xC0000080, %ecx
    rdmsr
    or $0x900, %eax
    wrmsr
    mov $0xC0000101, %ecx    # GS.base
    mov $0x9000, %eax
    mov $0xFFFF8000, %edx
    wrmsr
    mov %cr0, %eax
    or $0x80000000, %eax
    mov %eax, %cr0           # compatibility mode
    mov $1, %ebx
    lock xadd %ebx, )" AT(small_trampoline, "st_counter") R"(
    push $0x08
    push $)" AT(small_trampoline, "st_64") R"(
    lret
.code64
st_64:
    nop
    .balign 8
st_gdt:     .word 0x1F
            .long )" AT(small_trampoline, "st_table") R"(
st_table:   .quad 0, 0x00209A0000000000, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
st_counter: .long 5
)");

TEST_F(StartupTrampolines, SmallTrampoline) {
    state.general.unused_rsp = 0x7000;
    start(small_trampoline);
    EXPECT_EQ(end.error, abi::Error::none) << end.reason << " at " << std::hex << end.address;
    EXPECT_TRUE(state.in_64_bit_mode());
    EXPECT_EQ(*direct_pointer(state.rip), 0x90);
    EXPECT_EQ(ebx(), 5U);
    EXPECT_EQ(segment(SegmentNumber::gs).base, 0xFFFF800000009000);
    EXPECT_EQ(segment(SegmentNumber::cs).access_rights.raw, 0x209BU);
    EXPECT_EQ(state.general.unused_rsp, 0x7000U);
    const StartupState before = state;
    EXPECT_EQ(run_startup(state, environment()).error, abi::Error::none);
    EXPECT_EQ(state.rip, before.rip) << "nothing is left to do";
}

} // namespace
} // namespace hv::test
