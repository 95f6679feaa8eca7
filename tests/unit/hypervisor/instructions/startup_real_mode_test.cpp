// The start-up interpreter in real mode: instruction by instruction.

#include "tests/unit/cases/startup_case.h"
#include "tests/unit/fake/time_stamp.h"

namespace hv::test {
namespace {

class StartupRealMode : public StartupCase {};

TEST_F(StartupRealMode, StateBehindSipi) {
    EXPECT_EQ(segment(SegmentNumber::cs).selector, 0x0800);
    EXPECT_EQ(segment(SegmentNumber::cs).base, 0x8000U);
    EXPECT_EQ(segment(SegmentNumber::ds).base, 0U);
    EXPECT_EQ(state.rip, 0U);
    EXPECT_FALSE(state.protected_mode());
    run(std::to_array<std::uint8_t>({hlt}));
    EXPECT_EQ(end.address, 0x8000U);
    EXPECT_STREQ(end.reason, "an instruction that start-up code does not use");
}

STARTUP_CODE(moves, R"(
    mov %cs, %ax
    mov %ax, %ds
    mov $0x12345678, %ebx
    mov %bx, 0x1000          # DS:1000 is 0x9000
    movb $0x9A, 0x1002
    movl 0x1000, %ecx
    mov %bh, %ah
    movzwl %bx, %edx
    movsbw 0x1002, %si
    movzbl 0x1002, %edi
    xchg %bx, 0x1000
    xchg %ebx, %ebp
    lea 8(%bp, %di), %ax
    addr32 lea 3(%ecx, %edx, 4), %eax
    hlt
)");

TEST_F(StartupRealMode, Moves) {
    word32(0x9000) = 0xFF000000;
    run(moves);
    EXPECT_EQ(ecx(), 0xFF9A5678);
    EXPECT_EQ(edx(), 0x5678U);
    EXPECT_EQ(state.general.rsi, 0xFF9AU);
    EXPECT_EQ(state.general.rdi, 0x9AU);
    EXPECT_EQ(state.general.rbp, 0x12345678U);
    EXPECT_EQ(ebx(), 0U);
    EXPECT_EQ(word32(0x9000), 0xFF9A5678);
    EXPECT_EQ(eax(), 0xFF9A5678 + 4 * 0x5678 + 3);
}

STARTUP_CODE(addressing, R"(
    mov $0x2000, %ax
    mov %ax, %ss
    mov $0x3000, %ax
    mov %ax, %es
    mov $0xFFFE, %bp
    mov $0x0012, %si
    movw $0x1111, (%bp, %si)       # SS, and wraps: 2000:0010
    movw $0x2222, %es:-2(%si)      # 3000:0010
    movw $0x3333, %cs:0x400        # 0800:0400
    mov $0x20004, %ebx
    addr32 movw $0x4444, -4(%ebx, %esi) # beyond 64 KiB
    hlt
)");

TEST_F(StartupRealMode, AddressesWrapAndEndAtTheLimit) {
    start(addressing);
    EXPECT_EQ(word16(0x20010), 0x1111);
    EXPECT_EQ(word16(0x30010), 0x2222);
    EXPECT_EQ(word16(0x8400), 0x3333);
    EXPECT_STREQ(end.reason, "an address beyond the segment's limit");
}

STARTUP_CODE(last_word, "movw 0xFFFF, %ax");

TEST_F(StartupRealMode, WordsDoNotWrapAtTheEndOfASegment) { expect_refused(last_word, "limit"); }

STARTUP_CODE(stack, R"(
    xor %ax, %ax
    mov %ax, %ss
    mov $0x10007000, %esp
    mov $0xAABBCCDD, %ecx
    push %cx
    push %ecx
    push $-2
    pushl $-3
    push %cs
    pushw 0x7FFE - 0x1000 # 0x6FFE: CX
    pop %ax
    pop %bx
    pop %edx
    pop %si
    popl 0x7100
    pop %es
    mov %esp, %edi
    hlt
)");

TEST_F(StartupRealMode, Stack) {
    run(stack);
    EXPECT_EQ(eax(), 0xCCDDU);
    EXPECT_EQ(ebx(), 0x0800U);
    EXPECT_EQ(edx(), 0xFFFFFFFDU);
    EXPECT_EQ(state.general.rsi, 0xFFFEU);
    EXPECT_EQ(word32(0x7100), 0xAABBCCDD);
    EXPECT_EQ(segment(SegmentNumber::es).base, 0xCCDD0U);
    EXPECT_EQ(state.general.rdi, 0x10007000U) << "only SP moves";
}

STARTUP_CODE(flags, R"(
    mov $0x7000, %sp
    pushfl
    pop %eax                # the test for CPUID
    mov %eax, %ebx
    xor $0x200000, %eax
    push %eax
    popfl
    pushfl
    pop %ecx
    pushl $0
    popf                    # 16 bits: ID stays
    add $2, %sp
    sti
    std
    stc
    cmc
    pushf
    pop %dx
    cld
    cli
    hlt
)");

TEST_F(StartupRealMode, Flags) {
    run(flags);
    EXPECT_EQ(ebx(), 2U);
    EXPECT_EQ(ecx() ^ ebx(), 0x200000U);
    EXPECT_EQ(edx() & 0xFFFF, 0x616U) << "PF and AF by ADD";
    EXPECT_EQ(state.rflags, 0x200016U);
}

STARTUP_CODE(single_step, "mov $0x7000, %sp; pushw $0x100; popfw");

TEST_F(StartupRealMode, SingleStepsAreRefused) { expect_refused(single_step, "single steps"); }

STARTUP_CODE(branches, R"(
    mov $0x7000, %sp
    call 1f                 # 16 bits on the stack
    jmp 2f
1:  mov %sp, %si
    ret
2:  calll 3f                # 32 bits
    jmp 4f
3:  mov %sp, %di
    retl
4:  push $0x5555
    call 5f
    mov $6f - branches_begin, %ax
    jmp *%ax
    hlt
5:  ret $2
6:  mov $3, %cx
    xor %ebx, %ebx
7:  inc %bx
    loop 7b
    jcxz 8f
    hlt
8:  movl $0x10000, %ecx
    jecxz 9f
    movw $10f - branches_begin, %cs:0x600
    jmp *%cs:0x600
9:  hlt
10: cmp $3, %bx
    jne 9b
    jb 9b
    jg 9b
    jle 11f
    hlt
11: stc
    jc 12f
    hlt
12: test %ax, %ax
    loopne 13f
    hlt
13: cmp %ax, %ax
    mov $2, %cx
    loope 14f
    hlt
14: mov $0x600D, %dx
    hlt
)");

TEST_F(StartupRealMode, Branches) {
    run(branches);
    EXPECT_EQ(edx() & 0xFFFF, 0x600DU) << std::hex << end.address;
    EXPECT_EQ(state.general.rsi, 0x6FFEU);
    EXPECT_EQ(state.general.rdi, 0x6FFCU);
    EXPECT_EQ(state.general.unused_rsp, 0x7000U);
}

STARTUP_CODE(far_jumps, R"(
    ljmp $0x0900, $0x20
)");
STARTUP_CODE(far_jumps_on, R"(
    movw $0x30, %cs:0x100
    movw $0x0A00, %cs:0x102
    ljmp *%cs:0x100
)");
STARTUP_CODE(far_return, R"(
    mov $0x7000, %sp
    pushw $0x0B00
    pushw $0x40
    lret
)");

TEST_F(StartupRealMode, FarJumps) {
    put(0x9020, far_jumps_on);
    put(0xA030, far_return);
    *direct_pointer(0xB040) = hlt;
    run(far_jumps);
    EXPECT_EQ(end.address, 0xB040U);
    EXPECT_EQ(segment(SegmentNumber::cs).selector, 0x0B00);
    EXPECT_EQ(state.rip, 0x40U);
}

STARTUP_CODE(ports, R"(
    mov $0x1234, %dx
    in (%dx), %eax
    mov %eax, %ebx
    in (%dx), %ax
    mov $0xAABBCC00, %ecx
    mov %ax, %cx
    mov $0xFFFFFFFF, %eax
    in $0x70, %al
    out %al, $0x80
    out %ax, (%dx)
    out %eax, $0x81
    hlt
)");

TEST_F(StartupRealMode, Ports) {
    run(ports);
    EXPECT_EQ(ebx(), 0x12341234U);
    EXPECT_EQ(ecx(), 0xAABB1234U);
    EXPECT_EQ(eax(), 0xFFFFFF70U);
    const std::vector<std::pair<std::uint16_t, std::uint32_t>> written{
        {0x80, 0x70}, {0x1234, 0xFF70}, {0x81, 0xFFFFFF70}};
    EXPECT_EQ(machine.port_writes, written);
}

STARTUP_CODE(time_stamps, "rdtsc; mov %eax, %esi; rdtsc; sub %esi, %eax; hlt");

TEST_F(StartupRealMode, TimeStamps) {
    ticks_a_reading = 7;
    run(time_stamps);
    ticks_a_reading = 0;
    EXPECT_EQ(eax(), 7U);
}

STARTUP_CODE(conditional_memory, R"(
    movw $0x1234, 0x9000
    xor %ax, %ax
    cmovz 0x9000, %bx
    cmovnz 0x9000, %cx
    setz 0x9000
    setnz 0x9001
    mov $0xFFFF, %dx
    shld $4, %dx, 0x9000
    hlt
)");

TEST_F(StartupRealMode, ConditionsOnMemory) {
    run(conditional_memory);
    EXPECT_EQ(ebx() & 0xFFFF, 0x1234U);
    EXPECT_EQ(ecx() & 0xFFFF, 0U);
    EXPECT_EQ(word16(0x9000), 0x001F);
}

STARTUP_CODE(video_conditional, "mov $0xB800, %ax; mov %ax, %es; cmovo %es:0, %ax");

TEST_F(StartupRealMode, AConditionalMoveReadsMemoryAnyway) {
    expect_refused(video_conditional, "not mapped RAM");
}

STARTUP_CODE(bits, R"(
    mov $0x9000, %bx
    lock btsl $0, (%bx)
    lock btsl $31, (%bx)
    mov $35, %eax
    bts %eax, (%bx)            # 0x9004, bit 3
    mov $-1, %ax
    bts %ax, (%bx)             # 0x8FFE, bit 15
    btcw $3, (%bx)
    btrl $31, (%bx)
    btw $3, (%bx)
    jnc 1f
    lock incw 2(%bx)
    mov $5, %cx
    lock xadd %cx, 2(%bx)
    mov $6, %ax
    lock cmpxchg %cx, 2(%bx)
1:  hlt
)");

TEST_F(StartupRealMode, Bits) {
    run(bits);
    EXPECT_EQ(word32(0x9000), 0x10009U) << "exchanged: 6 became 1";
    EXPECT_EQ(word32(0x9004), 8U);
    EXPECT_EQ(word16(0x8FFE), 0x8000);
    EXPECT_EQ(ecx() & 0xFFFF, 1U);
}

STARTUP_CODE(system_instructions, R"(
    nop
    pause
    wbinvd
    mov $7, %eax
    mov $1, %ecx
    cpuid
    mov %eax, %esi
    mov %ecx, %edi
    mov $0x1A0, %ecx
    rdmsr
    btr $2, %edx
    wrmsr
    out %al, $0x80
    mov $0x80, %dx
    out %al, (%dx)
    movl $0x00FF0017, %cs:0x200
    movl $0x12345678, %cs:0x202
    lgdt %cs:0x200
    lidtl %cs:0x200
    hlt
)");

TEST_F(StartupRealMode, SystemInstructions) {
    machine.msrs[0x1A0] = 0x0000000700000009;
    run(system_instructions);
    EXPECT_EQ(state.general.rsi, 0x17U);
    EXPECT_EQ(state.general.rdi, 1U);
    EXPECT_EQ(machine.msrs[0x1A0], 0x0000000300000009U);
    EXPECT_EQ(state.gdtr.limit, 0x17);
    EXPECT_EQ(std::uint64_t{state.gdtr.base}, 0x345678U) << "24 bits with a 16-bit operand";
    EXPECT_EQ(std::uint64_t{state.idtr.base}, 0x12345678U);
    EXPECT_EQ(machine.port_writes.size(), 2U);
}

} // namespace
} // namespace hv::test
