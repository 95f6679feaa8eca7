// The start-up interpreter in real mode: what ends it, code and data outside of RAM among it, and
// what another vCPU does meanwhile.

#include "tests/unit/cases/startup_case.h"

namespace hv::test {
namespace {

class StartupRefusals : public StartupCase {};

STARTUP_CODE(unknown_msr, "mov $0x999, %ecx; rdmsr");
STARTUP_CODE(unknown_msr_write, "mov $0x999, %ecx; wrmsr");
STARTUP_CODE(interrupt, "int $0x10");
STARTUP_CODE(divide, "div %ax");
STARTUP_CODE(debug_register, "mov %eax, %dr7");
STARTUP_CODE(far_call, "lcall $0x900, $0");
STARTUP_CODE(invalid, ".byte 0xFE, 0xF8");
STARTUP_CODE(locked_move, ".byte 0xF0, 0x89, 0x07");
STARTUP_CODE(floating, "fninit");
STARTUP_CODE(vector_move, "movups %xmm0, 0x9000");

TEST_F(StartupRefusals, WhatStartupCodeDoesNotDo) {
    expect_refused(unknown_msr, "cannot be read");
    state = after_sipi(vector);
    expect_refused(unknown_msr_write, "cannot be written");
    for (const auto code : {interrupt, divide, debug_register, far_call, floating, vector_move}) {
        state = after_sipi(vector);
        start(code);
        EXPECT_EQ(end.error, abi::Error::bad_start) << end.address;
        EXPECT_EQ(end.address, 0x8000U);
        EXPECT_EQ(std::memcmp(end.code.data(), code.data(), code.size()), 0);
        EXPECT_EQ(state.rip, 0U);
    }
    for (const auto code : {invalid, locked_move})
        expect_refused(code, "no instruction");
}

STARTUP_CODE(endless, "1: pause; jmp 1b");

TEST_F(StartupRefusals, EndlessLoopsEnd) {
    budget = {};
    expect_refused(endless, "too many instructions");
    EXPECT_EQ(end.address & ~2ULL, 0x8000U);
}

TEST_F(StartupRefusals, CodeOutsideRam) {
    state = after_sipi(0xA0); // video memory
    end = run_startup(state, environment());
    EXPECT_EQ(end.error, abi::Error::bad_start);
    EXPECT_EQ(end.address, 0xA0000U);
    EXPECT_EQ(end.code_size, 0U);

    state = after_sipi(0x9F);
    std::memset(direct_pointer(0x9F000), 0x90, 0x1000); // NOPs up to the end of RAM
    end = run_startup(state, environment());
    EXPECT_EQ(end.address, 0xA0000U);

    *direct_pointer(0x9FFFF) = 0xB8; // MOV AX, and the rest is missing
    state = after_sipi(0x9F);
    end = run_startup(state, environment());
    EXPECT_EQ(end.address, 0x9FFFFU);
    EXPECT_EQ(end.code_size, 1U);
}

TEST_F(StartupRefusals, CodeDoesNotWrapAtTheEndOfItsSegment) {
    std::memset(direct_pointer(0x8000), 0x90, 0x10000);
    budget.instructions = 0x20000;
    end = run_startup(state, environment(), budget);
    EXPECT_EQ(end.address, 0x18000U);
    EXPECT_EQ(end.code_size, 0U);
}

STARTUP_CODE(video, "mov $0xB800, %ax; mov %ax, %es; movw $0x0741, %es:0");
STARTUP_CODE(video_read, "mov $0xB800, %ax; mov %ax, %es; movw %es:0, %ax");
STARTUP_CODE(video_bit, "mov $0xB800, %ax; mov %ax, %es; lock btsw $0, %es:0");

TEST_F(StartupRefusals, DataOutsideRam) {
    for (const auto code : {video, video_read, video_bit}) {
        state = after_sipi(vector);
        expect_refused(code, "not mapped RAM");
    }
    EXPECT_EQ(word16(0xB8000), 0);
}

STARTUP_CODE(store, "movl $1, 0x9000");
STARTUP_CODE(change, "lock incl 0x9000");
STARTUP_CODE(split_store, "movl $-1, 0x8FFE");

TEST_F(StartupRefusals, WriteTranslation) {
    machine.machine().frames.of_address(0x9000)->write_locks = 1;
    for (const auto code : {store, change, split_store}) {
        state = after_sipi(vector);
        expect_refused(code, "write-protected");
    }
    EXPECT_EQ(word16(0x8FFE), 0) << "nor the half that could have been written";
}

STARTUP_CODE(string_store, "mov $0x8FF0, %di; mov $0x20, %cx; rep stosb");

TEST_F(StartupRefusals, AStringIsStoredUpToTheProtectedPage) {
    machine.machine().frames.of_address(0x9000)->write_locks = 1;
    state.general.rax = 0x5A;
    expect_refused(string_store, "write-protected");
    EXPECT_EQ(state.general.rdi, 0x9000U);
    EXPECT_EQ(ecx(), 0x10U);
    EXPECT_EQ(state.rip, 6U);
    EXPECT_EQ(word16(0x8FFE), 0x5A5A);
    EXPECT_EQ(word16(0x9000), 0);
}

STARTUP_CODE(counting,
             "mov $0x10, %ax; lock addw %ax, 0x9000; mov $0x20, %bx; lock xadd %bx, 0x9000; hlt");

// may_write is asked between reading and writing: there the other vCPU comes in.
TEST_F(StartupRefusals, WhatOtherVcpusWriteIsNotLost) {
    static int changes;
    changes = 3;
    StartupEnvironment disturbed = environment();
    disturbed.may_write = [](Vcpu&, std::uint64_t gpa, std::uint32_t) {
        if (changes-- > 0)
            ++*reinterpret_cast<std::uint16_t*>(direct_pointer(gpa));
        return true;
    };
    put(code_base, counting);
    end = run_startup(state, disturbed, budget);
    EXPECT_EQ(end.code[0], hlt) << end.reason;
    EXPECT_EQ(word16(0x9000), 0x33);
    EXPECT_EQ(ebx(), 0x13U);

    changes = 1 << 30; // without end
    state = after_sipi(vector);
    end = run_startup(state, disturbed, budget);
    EXPECT_STREQ(end.reason, "too many instructions");
    EXPECT_EQ(end.address, 0x8003U);
}

} // namespace
} // namespace hv::test
