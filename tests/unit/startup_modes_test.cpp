// The start-up interpreter on the way from real mode to 64-bit mode: whole trampolines, and what
// must not be done on the way.

#include "hypervisor/memory/paging_mode.h"
#include "tests/unit/fake/startup_case.h"

namespace hv::test {
namespace {

constexpr std::uint64_t top_table = 0x200000; ///< maps the first 2 MiB one to one
constexpr std::uint64_t code64 = 0x00AF9A000000FFFF;
constexpr std::uint64_t data32 = 0x00CF92000000FFFF;
constexpr std::uint64_t code32 = 0x00CF9A000000FFFF;

class StartupModes : public StartupCase {
  protected:
    StartupModes() {
        machine.msrs[0x1A0] = 1;
        machine.word(top_table) = 0x201000 | 7;
        machine.word(0x201000) = 0x202000 | 7;
        machine.word(0x202000) = 0x83;
    }

    /// A GDT at 0x9000: null, 32-bit code, data, 64-bit code, and then these.
    void put_gdt(std::initializer_list<std::uint64_t> more = {}) {
        std::uint64_t slot = 0x9000;
        std::vector<std::uint64_t> descriptors{0, code32, data32, code64};
        descriptors.insert(descriptors.end(), more);
        for (const std::uint64_t descriptor : descriptors) {
            machine.word(slot) = descriptor;
            slot += 8;
        }
        state.gdtr = {static_cast<std::uint16_t>(slot - 0x9001), 0x9000};
    }

    /// In 32-bit protected mode with flat segments.
    void enter_protected_mode(std::initializer_list<std::uint64_t> more = {}) {
        state = after_sipi(vector);
        put_gdt(more);
        state.cr0 |= cr0::protection_enable;
        state.segment(SegmentNumber::cs) = segment_from_descriptor(0x08, code32 | 1ULL << 40);
        for (const auto number : {SegmentNumber::ds, SegmentNumber::es, SegmentNumber::ss})
            state.segment(number) = segment_from_descriptor(0x10, data32 | 1ULL << 40);
        state.rip = code_base;
        state.general.rdx = 0;
        state.general.unused_rsp = 0x7000;
    }

    /// In compatibility mode, below 2 MiB.
    void enter_compatibility_mode() {
        enter_protected_mode();
        state.cr0 |= cr0::paging;
        state.cr3 = top_table;
        state.cr4 = cr4::physical_address_extension;
        state.efer = efer::long_mode_enable | efer::long_mode_active;
    }

    void expect_64_bit_mode(std::uint64_t rip, std::uint16_t selector) {
        EXPECT_EQ(end.error, abi::Error::none) << end.reason << " at " << std::hex << end.address;
        EXPECT_TRUE(state.in_64_bit_mode());
        EXPECT_EQ(state.rip, rip);
        EXPECT_EQ(segment(SegmentNumber::cs).selector, selector);
        EXPECT_TRUE(segment(SegmentNumber::cs).access_rights.long_mode());
    }
};

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

TEST_F(StartupModes, TrampolineOfALargeKernel) {
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

TEST_F(StartupModes, SmallTrampoline) {
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

STARTUP_CODE(to_64_bits, ".code32; ljmpl $0x18, $0x12345678; .code64");
STARTUP_CODE(to_slot_4, ".code32; ljmpl $0x20, $0; .code64");

TEST_F(StartupModes, WithoutLongModeTheLBitMeansNothing) {
    enter_protected_mode();
    start(to_64_bits);
    EXPECT_EQ(end.error, abi::Error::bad_start);
    EXPECT_EQ(end.address, 0x12345678U);
    EXPECT_FALSE(state.in_64_bit_mode());
}

TEST_F(StartupModes, CodeDescriptors) {
    enter_compatibility_mode();
    start(to_64_bits);
    expect_64_bit_mode(0x12345678, 0x18);
    const std::pair<const char*, std::uint64_t> refused[] = {
        {"data", data32},
        {"not present", code64 & ~(std::uint64_t{1} << 47)},
        {"ring 3", code64 | std::uint64_t{3} << 45},
        {"call gate", 0x00008C0000080000},
        {"TSS", 0x0000890000000067},
        {"L and D", code64 | std::uint64_t{1} << 54},
    };
    for (const auto& [name, descriptor] : refused) {
        SCOPED_TRACE(name);
        enter_compatibility_mode();
        put_gdt({descriptor});
        start(to_slot_4);
        EXPECT_EQ(end.error, abi::Error::bad_start);
        EXPECT_EQ(end.address, 0x8000U);
        EXPECT_EQ(segment(SegmentNumber::cs).selector, 0x08) << "as before";
    }
    enter_compatibility_mode();
    expect_refused(to_slot_4, "not of the GDT"); // beyond its limit
}

STARTUP_CODE(load_data, ".code32; mov %eax, %ds; mov 8, %ebx; mov %ebx, 4; hlt; .code64");
STARTUP_CODE(load_stack, ".code32; mov %eax, %ss; push $1; hlt; .code64");
STARTUP_CODE(load_only, ".code32; mov %eax, %es; hlt; .code64");

TEST_F(StartupModes, SegmentsHaveBasesAndLimits) {
    constexpr std::uint64_t at_64k = 0x00009201'0000'000B; // base 0x10000, limit 11, 16 bits
    word32(0x10008) = 77;
    enter_protected_mode({at_64k});
    state.general.rax = 0x20;
    run(load_data);
    EXPECT_EQ(ebx(), 77U);
    EXPECT_EQ(word32(0x10004), 77U);
    for (const std::uint64_t descriptor :
         {at_64k - 1, at_64k & ~(std::uint64_t{2} << 40), at_64k | std::uint64_t{8} << 40}) {
        enter_protected_mode({descriptor}); // too short, read-only, code
        state.general.rax = 0x20;
        start(load_data);
        EXPECT_NE(end.code[0], hlt) << std::hex << descriptor;
    }
    enter_protected_mode({0x00009601'0000'0003}); // expand-down: all above 3
    state.general.rax = 0x20;
    run(load_data);
    enter_protected_mode({0x00009601'0000'0004});
    state.general.rax = 0x20;
    expect_refused(load_data, "limit");
    enter_protected_mode();
    state.general.rax = 0;
    expect_refused(load_data, "does not allow"); // null is loaded, but cannot be used
    for (const std::uint32_t selector : {0U, 0x08U, 0x13U, 0x14U, 0x28U}) {
        enter_protected_mode(); // null, code, ring 3, LDT, beyond the limit
        state.general.rax = selector;
        start(load_stack);
        EXPECT_EQ(end.address, 0x8000U) << std::hex << selector;
    }
    for (const std::uint32_t pointer : {0x10004U, 0x10002U}) {
        enter_protected_mode({0x000093020000'FFFF}); // 16-bit stack
        state.general.rax = 0x20;
        state.general.unused_rsp = pointer;
        start(load_stack);
        EXPECT_EQ(end.code[0] == hlt, pointer == 0x10004) << "SP wraps, the word does not";
        EXPECT_EQ(word32(0x20000), 1U);
        EXPECT_EQ(state.general.unused_rsp, pointer == 0x10004 ? 0x10000 : pointer);
    }
}

TEST_F(StartupModes, GdtOutsideRam) {
    enter_protected_mode();
    state.gdtr.base = 0xB0000;
    state.general.rax = 0x10;
    expect_refused(load_only, "not mapped RAM");
}

STARTUP_CODE(set_paging, ".code32; mov %eax, %cr0; hlt; .code64");
STARTUP_CODE(set_cr4, ".code32; mov %eax, %cr4; hlt; .code64");
STARTUP_CODE(set_efer, ".code32; mov $0xC0000080, %ecx; wrmsr; hlt; .code64");

TEST_F(StartupModes, TheWayIntoLongMode) {
    const auto with = [this](std::uint64_t cr4, std::uint64_t efer, std::uint64_t cr3) {
        enter_protected_mode();
        state.cr3 = cr3;
        state.cr4 = cr4;
        state.efer = efer;
        state.general.rax = 0x80000011;
    };
    with(0x20, 0x100, top_table);
    run(set_paging);
    EXPECT_TRUE(state.long_mode());
    EXPECT_FALSE(state.in_64_bit_mode());
    with(0x20, 0, top_table);
    expect_refused(set_paging, "outside long mode");
    with(0, 0, top_table);
    expect_refused(set_paging, "outside long mode");
    with(0, 0x100, top_table);
    expect_refused(set_paging, "without CR4.PAE");
    with(0x1020, 0x100, top_table);
    expect_refused(set_paging, "5-level");
    with(0x20, 0x100, 0x300000); // no tables: the next instruction is not mapped
    expect_refused(set_paging, "code that is not mapped");
    EXPECT_EQ(end.address, 0x8003U);
    with(0x20, 0x100, 0xFFFFF000);
    expect_refused(set_paging, "code that is not mapped");
    with(0x20, 0x100, top_table);
    state.general.rax = 0x80000010;
    expect_refused(set_paging, "without protected mode");
    state.general.rax = 0x20000011;
    expect_refused(set_paging, "CR0.NW");
    state.general.rax = 0x1FFAFFD1; // only bits that are ignored
    run(set_paging);
    EXPECT_EQ(state.cr0, 0x11U);
}

TEST_F(StartupModes, InLongMode) {
    enter_compatibility_mode();
    state.general.rax = 0;
    expect_refused(set_cr4, "CR4.PAE cleared");
    state.general.rax = 0x1020;
    expect_refused(set_cr4, "LA57");
    state.general.rax = 0;
    expect_refused(set_efer, "LME changed");
    state.general.rax = 0x1100;
    expect_refused(set_efer, "reserved bits");
    enter_compatibility_mode();
    state.general.rax = 0x11; // and out of it again
    run(set_paging);
    EXPECT_FALSE(state.long_mode());
    state.general.rax = 0x20020;
    state.rip = code_base;
    expect_refused(set_cr4, "PCIDE");
    state.general.rax = 0x400;
    state.rip = code_base;
    run(set_efer);
    EXPECT_EQ(state.efer, 0U) << "LMA is not written";
}

STARTUP_CODE(across_pages, R"(
.code32
    mov %eax, 0x5FFE
    lock incl 0x5FFE
    mov 0x5FFE, %ebx
    hlt
.code64)");

TEST_F(StartupModes, WordsAcrossPages) {
    enter_compatibility_mode();
    // 4 KiB pages: linear 0x5000 and 0x6000 lie apart, code where it is.
    machine.word(0x202000) = 0x203000 | 3;
    machine.word(0x203000 + 8 * 8) = 0x8000 | 1;
    machine.word(0x203000 + 5 * 8) = 0x305000 | 3;
    machine.word(0x203000 + 6 * 8) = 0x307000 | 3;
    state.general.rax = 0x8899AABB;
    run(across_pages);
    EXPECT_EQ(ebx(), 0x8899AABCU);
    EXPECT_EQ(word16(0x305FFE), 0xAABC);
    EXPECT_EQ(word16(0x307000), 0x8899);
    machine.word(0x203000 + 6 * 8) = 0x307000 | 1;
    for (const std::uint64_t write_protect : {std::uint64_t{0}, cr0::write_protect}) {
        enter_compatibility_mode();
        machine.word(0x202000) = 0x203000 | 3;
        state.cr0 |= write_protect;
        start(across_pages);
        EXPECT_EQ(end.code[0] == hlt, write_protect == 0) << "ring 0 may, without CR0.WP";
    }
    EXPECT_EQ(word16(0x305FFE), 1) << "nothing of a word is written when one half is refused";
    machine.word(0x203000 + 6 * 8) = 0xB8000 | 3; // not RAM
    enter_compatibility_mode();
    expect_refused(across_pages, "not mapped RAM");
}

STARTUP_CODE(registers, R"(
.code32
    mov $0x1234000, %eax
    mov %eax, %cr2
    mov %cr2, %ebx
    mov %eax, %cr3
    mov %cr3, %esi
    lock incb 0x5001
    mov $0xC0000100, %ecx    # FS.base
    mov $0x80, %edx
    wrmsr
    xor %eax, %eax
    rdmsr
    mov $0x8000, %edx        # not canonical
    wrmsr
.code64)");

TEST_F(StartupModes, OtherRegisters) {
    enter_protected_mode();
    word16(0x5000) = 0xFF00;
    expect_refused(registers, "not canonical");
    EXPECT_EQ(ebx(), 0x1234000U);
    EXPECT_EQ(state.general.rsi, 0x1234000U);
    EXPECT_EQ(word16(0x5000), 0);
    EXPECT_EQ(eax(), 0x1234000U);
    EXPECT_EQ(segment(SegmentNumber::fs).base, 0x8001234000U);
}

TEST_F(StartupModes, LongModeCannotBeginInASegmentWithTheLBit) {
    enter_protected_mode();
    state.segment(SegmentNumber::cs).access_rights.raw = 0xE09B; // L is not looked at yet
    state.efer = efer::long_mode_enable;
    state.cr4 = cr4::physical_address_extension;
    state.general.rax = 0x80000011;
    expect_refused(set_paging, "in a 64-bit code segment");
}

} // namespace
} // namespace hv::test
