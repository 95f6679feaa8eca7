// String instructions in the start-up interpreter.

#include "tests/unit/cases/startup_case.h"

namespace hv::test {
namespace {

class StartupStrings : public StartupCase {};

STARTUP_CODE(strings, R"(
    cld
    mov $0x9000, %di
    mov $0x11223344, %eax
    mov $4, %cx
    rep stosl
    mov $0x9000, %si
    mov $0x9100, %di
    mov $6, %cx
    rep movsb
    xor %ax, %ax
    mov %ax, %ds
    lodsw %es:(%si), %ax
    std
    mov $0x9202, %di
    stosw
    stosw
    xor %cx, %cx
    rep stosb
    hlt
)");

TEST_F(StartupStrings, InRealMode) {
    run(strings);
    EXPECT_EQ(word32(0x900C), 0x11223344U);
    EXPECT_EQ(word32(0x9010), 0U);
    EXPECT_EQ(word32(0x9100), 0x11223344U);
    EXPECT_EQ(word32(0x9104), 0x3344U);
    EXPECT_EQ(eax(), 0x11221122U);
    EXPECT_EQ(word32(0x9200), 0x11221122U);
    EXPECT_EQ(state.general.rdi, 0x91FEU);
    EXPECT_EQ(state.general.rsi, 0x9008U);
}

STARTUP_CODE(long_string, "mov $0x8100, %di; mov $0x4000, %cx; rep stosb; hlt");

TEST_F(StartupStrings, RepetitionsAreNoInstructions) {
    budget.instructions = 4;
    run(long_string);
    EXPECT_EQ(ecx(), 0U);
    EXPECT_EQ(state.general.rdi, 0xC100U);
}

TEST_F(StartupStrings, RepetitionsAreCounted) {
    budget.elements = 0x400;
    expect_refused(long_string, "too many repetitions");
    EXPECT_EQ(ecx(), 0x4000U - 0x400);
    EXPECT_EQ(state.general.rdi, 0x8500U);
    EXPECT_EQ(state.rip, 6U);
}

STARTUP_CODE(single_repetitions, "1: mov $1, %cx; rep lodsb; jmp 1b");

TEST_F(StartupStrings, AStringInstructionIsAnInstruction) {
    budget.instructions = 1000;
    expect_refused(single_repetitions, "too many instructions");
}

} // namespace
} // namespace hv::test
