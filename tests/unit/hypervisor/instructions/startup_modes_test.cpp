// The start-up interpreter on the way from real mode to 64-bit mode: each step, and what must not
// be done on the way.

#include "hypervisor/vcpu/segment_registers.h"
#include "tests/unit/cases/startup_modes_case.h"

namespace hv::test {
namespace {

class StartupModes : public StartupModesCase {};

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

// Where a vCPU may be in protected mode, it goes on there as soon as CS is loaded and VM entry
// takes the selectors.
TEST_F(StartupModes, MayEndInProtectedMode) {
    StartupState loaded = after_sipi(0x08);
    EXPECT_FALSE(loaded.has_protected_segments());
    loaded.cr0 |= cr0::protection_enable;
    EXPECT_FALSE(loaded.has_protected_segments()); // CS is that of real-address mode
    loaded.segment(SegmentNumber::cs) = flat_code_32(8);
    EXPECT_TRUE(loaded.has_protected_segments());
    loaded.segment(SegmentNumber::ds).selector = 0x9001; // an RPL above its DPL
    EXPECT_FALSE(loaded.has_protected_segments());
}

} // namespace
} // namespace hv::test
