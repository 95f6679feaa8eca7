// Arithmetic of the start-up interpreter against the host's own processor: the same bytes mean the
// same in 32-bit and 64-bit mode when they name no address.

#include "hypervisor/x86/status_flags.h"
#include "tests/unit/cases/startup_case.h"
#include "tests/unit/machine_code/native_execution.h"

#include <random>

namespace hv::test {
namespace {

struct Form {
    const char* name;
    std::vector<std::uint8_t> bytes;
    std::uint64_t undefined = 0; ///< flags
};

constexpr std::uint64_t auxiliary = status_flag::auxiliary_carry;
constexpr std::uint64_t but_carry = status_flag::all & ~status_flag::carry;
constexpr std::uint64_t of_shift = auxiliary | status_flag::overflow;

// Each with EAX (AL, AH), ECX (CL), EDX and EBX.
const std::vector<Form> forms{
    {"add ecx, eax", {0x01, 0xC1}},
    {"add cx, ax", {0x66, 0x01, 0xC1}},
    {"add cl, ah", {0x00, 0xE1}},
    {"add ecx, imm8", {0x83, 0xC1, 0xF0}},
    {"add eax, imm32", {0x05, 0xFF, 0xFF, 0xFF, 0x7F}},
    {"adc ebx, edx", {0x11, 0xD3}},
    {"adc bh, dl", {0x10, 0xD7}},
    {"sub ecx, eax", {0x29, 0xC1}},
    {"sub ax, imm16", {0x66, 0x2D, 0x00, 0x80}},
    {"sbb edx, ebx", {0x19, 0xDA}},
    {"sbb dx, bx", {0x66, 0x19, 0xDA}},
    {"cmp ecx, ebx", {0x39, 0xD9}},
    {"cmp al, imm8", {0x3C, 0x80}},
    {"and eax, ebx", {0x21, 0xD8}, auxiliary},
    {"or dl, ch", {0x08, 0xEA}, auxiliary},
    {"xor bx, ax", {0x66, 0x31, 0xC3}, auxiliary},
    {"test eax, ecx", {0x85, 0xC8}, auxiliary},
    {"test bl, imm8", {0xF6, 0xC3, 0x81}, auxiliary},
    {"inc ecx", {0xFF, 0xC1}},
    {"inc dh", {0xFE, 0xC6}},
    {"dec bx", {0x66, 0xFF, 0xCB}},
    {"neg eax", {0xF7, 0xD8}},
    {"neg cl", {0xF6, 0xD9}},
    {"not edx", {0xF7, 0xD2}},
    {"xchg eax, ebx", {0x93}},
    {"xchg ah, dl", {0x86, 0xE2}},
    {"xadd ebx, ecx", {0x0F, 0xC1, 0xCB}},
    {"cmpxchg ebx, ecx", {0x0F, 0xB1, 0xCB}},
    {"bt eax, ecx", {0x0F, 0xA3, 0xC8}, but_carry},
    {"bts bx, imm8", {0x66, 0x0F, 0xBA, 0xEB, 0x35}, but_carry},
    {"btr edx, eax", {0x0F, 0xB3, 0xC2}, but_carry},
    {"btc edx, imm8", {0x0F, 0xBA, 0xFA, 0x3F}, but_carry},
    {"shl eax, 1", {0xD1, 0xE0}, auxiliary},
    {"shl bl, 1", {0xD0, 0xE3}, auxiliary},
    {"shr edx, 1", {0xD1, 0xEA}, auxiliary},
    {"shr ah, 1", {0xD0, 0xEC}, auxiliary},
    {"sar bx, 1", {0x66, 0xD1, 0xFB}, auxiliary},
    {"shl eax, 5", {0xC1, 0xE0, 0x05}, of_shift},
    {"shr bx, 16", {0x66, 0xC1, 0xEB, 0x10}, of_shift},
    {"sar dl, 7", {0xC0, 0xFA, 0x07}, of_shift},
    {"shl eax, 32", {0xC1, 0xE0, 0x20}},
    {"shl edx, cl", {0xD3, 0xE2}, of_shift},
    {"shr eax, cl", {0xD3, 0xE8}, of_shift},
    {"sar ebx, cl", {0xD3, 0xFB}, of_shift},
    {"sar bh, cl", {0xD2, 0xFF}, of_shift},
    {"shld eax, ebx, 1", {0x0F, 0xA4, 0xD8, 0x01}, auxiliary},
    {"shld eax, ebx, 31", {0x0F, 0xA4, 0xD8, 0x1F}, of_shift},
    {"shld bx, dx, 16", {0x66, 0x0F, 0xA4, 0xD3, 0x10}, of_shift},
    {"shld edx, eax, cl", {0x0F, 0xA5, 0xC2}, of_shift},
    {"shrd eax, ebx, 1", {0x0F, 0xAC, 0xD8, 0x01}, auxiliary},
    {"shrd bx, ax, 7", {0x66, 0x0F, 0xAC, 0xC3, 0x07}, of_shift},
    {"shrd ebx, edx, 32", {0x0F, 0xAC, 0xD3, 0x20}},
    {"shrd ebx, eax, cl", {0x0F, 0xAD, 0xC3}, of_shift},
    {"rol eax, 1", {0xD1, 0xC0}},
    {"rol bl, cl", {0xD2, 0xC3}, status_flag::overflow},
    {"rol dx, 5", {0x66, 0xC1, 0xC2, 0x05}, status_flag::overflow},
    {"ror edx, 1", {0xD1, 0xCA}},
    {"ror ah, 8", {0xC0, 0xCC, 0x08}, status_flag::overflow},
    {"ror ebx, cl", {0xD3, 0xCB}, status_flag::overflow},
    {"rcl eax, 1", {0xD1, 0xD0}},
    {"rcl dl, cl", {0xD2, 0xD2}, status_flag::overflow},
    {"rcl bx, cl", {0x66, 0xD3, 0xD3}, status_flag::overflow},
    {"rcr bx, 1", {0x66, 0xD1, 0xDB}},
    {"rcr eax, cl", {0xD3, 0xD8}, status_flag::overflow},
    {"rcr ebx, 0", {0xC1, 0xDB, 0x00}},
    {"bswap ebx", {0x0F, 0xCB}},
    {"bt dx, ax", {0x66, 0x0F, 0xA3, 0xC2}, but_carry},
    {"cmpxchg bl, dl", {0x0F, 0xB0, 0xD3}},
    {"xadd bx, dx", {0x66, 0x0F, 0xC1, 0xD3}},
    {"movzx ecx, ah", {0x0F, 0xB6, 0xCC}},
    {"movsx edx, bx", {0x0F, 0xBF, 0xD3}},
    {"movsx ax, cl", {0x66, 0x0F, 0xBE, 0xC1}},
    {"mov ch, dl", {0x88, 0xD5}},
};

class StartupArithmetic : public StartupCase {
  protected:
    std::uint32_t interesting() {
        constexpr std::uint32_t corners[] = {0,      1,      0x7F,       0x80,       0xFF,
                                             0x7FFF, 0x8000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
        return static_cast<std::uint32_t>(random() % 2 == 0 ? corners[random() % 10] : random());
    }

    std::mt19937_64 random{20260102};
    ::test::NativeExecution native;
};

TEST_F(StartupArithmetic, DoesWhatTheProcessorDoes) {
    Segment& code = state.segment(SegmentNumber::cs);
    for (const Form& form : forms) {
        SCOPED_TRACE(form.name);
        for (int round = 0; round < 300; ++round) {
            state.general = {};
            for (const std::uint32_t number : {0U, 1U, 2U, 3U})
                state.general[number] = interesting();
            state.rflags = 0x202 | (random() & status_flag::all);
            state.rip = 0;
            code.access_rights = {0x409B};
            GuestRegisters expected = state.general;
            std::uint64_t expected_flags = state.rflags;
            native.run(form.bytes, expected, expected_flags);
            std::vector<std::uint8_t> bytes = form.bytes;
            bytes.push_back(hlt);
            const StartupState before = state;
            run(bytes);
            for (const std::uint32_t number : {0U, 1U, 2U, 3U})
                ASSERT_EQ(state.general[number], expected[number])
                    << "register " << number << " of " << before.general.rax << " "
                    << before.general.rcx;
            const std::uint64_t undefined =
                form.undefined & ~(form.bytes.back() == 1 ? status_flag::overflow : 0);
            ASSERT_EQ(state.rflags & ~undefined, expected_flags & ~undefined);
        }
    }
}

// CMOVcc and SETcc of each condition.
TEST_F(StartupArithmetic, ConditionalMoves) {
    for (std::uint8_t number = 0; number < 16; ++number) {
        const auto code = [number](std::uint8_t opcode, std::uint8_t operands) {
            return std::vector<std::uint8_t>{0x0F, static_cast<std::uint8_t>(opcode | number),
                                             operands};
        };
        const std::vector<std::uint8_t> wide = code(0x40, 0xC3); // cmovcc %ebx,%eax
        std::vector<std::uint8_t> narrow = code(0x40, 0xC3);
        narrow.insert(narrow.begin(), 0x66);
        for (const auto& bytes : {wide, narrow, code(0x90, 0xC4), code(0x90, 0xC0)}) {
            for (int round = 0; round < 64; ++round) {
                state.general = {};
                state.general.rax = interesting();
                state.general.rbx = interesting();
                state.rflags = 0x202 | (random() & status_flag::all);
                state.rip = 0;
                state.segment(SegmentNumber::cs).access_rights = {0x409B};
                GuestRegisters expected = state.general;
                std::uint64_t expected_flags = state.rflags;
                native.run(bytes, expected, expected_flags);
                std::vector<std::uint8_t> ended = bytes;
                ended.push_back(hlt);
                run(ended);
                ASSERT_EQ(state.general.rax, expected.rax) << unsigned{number};
                ASSERT_EQ(state.rflags, expected_flags);
            }
        }
    }
}

// CMPS and SCAS: ESI and EDI are those of the host's data, and segments lead them to the machine's.
TEST_F(StartupArithmetic, ComparisonsOfStrings) {
    constexpr std::uint64_t data = 0x9000;
    const auto page =
        static_cast<std::uint32_t>(native.code_address() + ::test::NativeExecution::page);
    state.segment(SegmentNumber::cs).access_rights = {0x409B};
    for (const auto number : {SegmentNumber::ds, SegmentNumber::es})
        state.segment(number) = {0, static_cast<std::uint32_t>(data - page), 0xFFFFFFFF, {0xC093}};
    const std::vector<std::vector<std::uint8_t>> instructions{
        {0xA6},       {0x66, 0xA7}, {0xA7},       {0xAE},       {0x66, 0xAF},       {0xAF},
        {0xF3, 0xA6}, {0xF2, 0xA6}, {0xF3, 0xA7}, {0xF2, 0xAE}, {0x66, 0xF3, 0xAF}, {0xF3, 0xAE}};
    for (const auto& bytes : instructions) {
        for (int round = 0; round < 300; ++round) {
            for (std::uint8_t& byte : native.data().first(512))
                byte = random() % 4 != 0 ? 0 : static_cast<std::uint8_t>(random());
            std::memcpy(direct_pointer(data), native.data().data(), 512);
            state.general = {};
            state.general.rax = random() % 2 == 0 ? 0 : interesting();
            state.general.rcx = random() % 40;
            state.general.rsi = page + 200 + random() % 8;
            state.general.rdi = page + 256 + random() % 8;
            state.rflags = 2 | (random() & (status_flag::all | rflags::direction));
            state.rip = 0;
            GuestRegisters expected = state.general;
            std::uint64_t expected_flags = state.rflags;
            native.run(bytes, expected, expected_flags);
            std::vector<std::uint8_t> ended = bytes;
            ended.push_back(hlt);
            run(ended);
            ASSERT_EQ(ecx(), expected.rcx);
            ASSERT_EQ(state.general.rsi, expected.rsi);
            ASSERT_EQ(state.general.rdi, expected.rdi);
            ASSERT_EQ(state.rflags, expected_flags & ~std::uint64_t{rflags::interrupt_enable});
        }
    }
}

// The condition of each Jcc, by SETcc of the host.
TEST_F(StartupArithmetic, Conditions) {
    for (std::uint8_t number = 0; number < 16; ++number) {
        for (int round = 0; round < 64; ++round) {
            const auto setcc =
                std::to_array<std::uint8_t>({0x0F, static_cast<std::uint8_t>(0x90 | number), 0xC0});
            state.rflags = 0x202 | (random() & status_flag::all);
            GuestRegisters registers{};
            std::uint64_t flags = state.rflags;
            native.run(setcc, registers, flags);
            state.rip = 0;
            run(std::to_array<std::uint8_t>(
                {static_cast<std::uint8_t>(0x70 | number), 1, hlt, hlt}));
            ASSERT_EQ(state.rip, registers.rax != 0 ? 3U : 2U) << unsigned{number};
        }
    }
}

} // namespace
} // namespace hv::test
