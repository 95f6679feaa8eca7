// Random start-up code: it ends, and nothing but the guest's RAM is touched (the sanitizers look).

#include "tests/unit/cases/startup_case.h"

#include <random>

namespace hv::test {
namespace {

/// Openings of instructions that the interpreter knows, so that more than a few are executed.
const std::vector<std::vector<std::uint8_t>> openings{{0x8B},
                                                      {0x89},
                                                      {0x8E, 0xC0},
                                                      {0x8E},
                                                      {0x8C},
                                                      {0x0F, 0x22, 0xC0},
                                                      {0x0F, 0x20},
                                                      {0x0F, 0x22},
                                                      {0xEA},
                                                      {0xFF},
                                                      {0xE8},
                                                      {0xC3},
                                                      {0xCB},
                                                      {0x66},
                                                      {0x67},
                                                      {0xF3, 0xA4},
                                                      {0xF3, 0xAB},
                                                      {0x66, 0xF3, 0xA5},
                                                      {0xAC},
                                                      {0x0F, 0xAB},
                                                      {0x0F, 0xBA},
                                                      {0xF0, 0x0F},
                                                      {0x0F, 0x01},
                                                      {0x0F, 0x01, 0x16},
                                                      {0x9D},
                                                      {0x9C},
                                                      {0x50},
                                                      {0x5C},
                                                      {0x58},
                                                      {0x07},
                                                      {0x0F, 0x30},
                                                      {0x0F, 0x32},
                                                      {0x0F, 0xA2},
                                                      {0xE2},
                                                      {0xE3},
                                                      {0x74},
                                                      {0xD3},
                                                      {0xC1},
                                                      {0x87},
                                                      {0x0F, 0xC1},
                                                      {0x0F, 0xB1},
                                                      {0xC2},
                                                      {0x8D},
                                                      {0x2E},
                                                      {0x64},
                                                      {0xFA},
                                                      {0xFD},
                                                      {0xB8},
                                                      {0x0F, 0xB2},
                                                      {0x9A},
                                                      {0x0F, 0x42},
                                                      {0x0F, 0x95},
                                                      {0x0F, 0xA4},
                                                      {0x0F, 0xAD},
                                                      {0x0F, 0xC9},
                                                      {0x0F, 0x31},
                                                      {0xC0},
                                                      {0xEC},
                                                      {0xE5},
                                                      {0xEF},
                                                      {0xE6},
                                                      {0xF3, 0xA6},
                                                      {0xF2, 0xAF},
                                                      {0x6A},
                                                      {0x68},
                                                      {0xA1},
                                                      {0xA3},
                                                      {0xEA, 0, 0x80, 0, 0, 0x10, 0},
                                                      {0xEA, 0, 0x80, 0x10, 0}};

class StartupRandom : public StartupCase {
  protected:
    StartupRandom() {
        machine.msrs[0x1A0] = 1;
        fill_gdt();
    }

    static constexpr std::uint64_t gdt = 0x10000;

    void fill_gdt() {
        constexpr std::uint64_t descriptors[] = {0x00CF9A000000FFFF, 0x00CF92000000FFFF,
                                                 0x00AF9A000000FFFF, 0x00009A000000FFFF,
                                                 0x0000920500001234, 0x00CF960000000010};
        for (std::uint64_t offset = 0; offset < 0x10000; offset += 8)
            machine.word(gdt + offset) = random() % 16 == 0 ? random() : descriptors[random() % 6];
    }

    std::uint64_t value() {
        constexpr std::uint64_t corners[] = {0,       1,       0xFFFF,     0x9FFFF,
                                             0x9FFFD, 0xA0000, 0xFFFFFFFF, fake_ram_size - 2};
        return random() % 2 == 0 ? corners[random() % 8] : random() & 0xFFFFFFFF;
    }

    Segment segment_of(std::uint32_t rights) {
        return {static_cast<std::uint16_t>(random()),
                random() % 3 == 0 ? value() : 0,
                static_cast<std::uint32_t>(random() % 2 == 0 ? 0xFFFFFFFF : random()),
                {rights}};
    }

    /// Real mode, protected mode of 16 or 32 bits, or compatibility mode with any tables.
    void set_up() {
        state = after_sipi(vector);
        for (std::uint32_t number = 0; number < 16; ++number)
            state.general[number] = value();
        if (random() % 3 == 0)
            return;
        state.cr0 |= cr0::protection_enable;
        for (Segment& segment : state.segments)
            segment = segment_of(0x92 | (random() % 8) | (random() % 2 == 0 ? 0x4000 : 0));
        state.segment(SegmentNumber::cs) = {
            8, code_base, 0xFFFFFFFF, {random() % 2 == 0 ? 0x409BU : 0x9BU}};
        state.gdtr = {0xFFFF, gdt};
        if (random() % 4 == 0)
            state.gdtr = {static_cast<std::uint16_t>(random()), value()};
        if (random() % 3 != 0)
            return;
        state.cr0 |= cr0::paging;
        state.cr3 = random() % 2 == 0 ? 0x200000 : value();
        state.cr4 = cr4::physical_address_extension;
        state.efer = efer::long_mode_enable | efer::long_mode_active;
        for (std::uint64_t table = 0x200000; table < 0x203000; table += 8)
            machine.word(table) = 0;
        machine.word(0x200000) = 0x201000 | 7;
        machine.word(0x201000) = 0x202000 | 7;
        for (std::uint64_t page = 0; page < 8; ++page)
            machine.word(0x202000 + page * 8) = page << 21 | 0x83;
        if (random() % 4 == 0)
            machine.word(0x200000 + random() % 3 * 0x1000 + random() % 4 * 8) = random();
    }

    std::vector<std::uint8_t> program() {
        std::vector<std::uint8_t> bytes;
        while (bytes.size() < 40) {
            if (random() % 4 != 0) {
                const auto& opening = openings[random() % openings.size()];
                bytes.insert(bytes.end(), opening.begin(), opening.end());
            }
            for (std::uint64_t count = random() % 4; count != 0; --count)
                bytes.push_back(static_cast<std::uint8_t>(random()));
        }
        return bytes;
    }

    std::mt19937_64 random{20260103};
};

TEST_F(StartupRandom, Ends) {
    std::memset(direct_pointer(0xA0000), 0xCC, 0x60000);
    std::uint64_t executed = 0;
    std::uint64_t reached = 0;
    for (int round = 0; round < 100'000; ++round) {
        set_up();
        put(code_base, program());
        if (round % 1000 == 0)
            fill_gdt();
        budget = {.instructions = 50, .elements = 200};
        const StartupState before = state;
        end = run_startup(state, environment(), budget);
        executed += std::memcmp(&before, &state, sizeof(state)) != 0 ? 1 : 0;
        reached += end.error == abi::Error::none ? 1 : 0;
        ASSERT_NE(end.reason, nullptr);
        ASSERT_LE(end.code_size, longest_instruction);
        ASSERT_EQ(state.general.rax >> 32, 0U);
    }
    EXPECT_GT(executed, 30'000U);
    for (std::uint64_t byte = 0xA0000; byte < 0x100000; ++byte)
        ASSERT_EQ(*direct_pointer(byte), 0xCC) << "no RAM";
    for (std::uint64_t byte = fake_ram_size + 0x100000; byte < fake_memory_size; byte += 8)
        ASSERT_EQ(machine.word(byte), 0U) << "the monitor's";
    EXPECT_GT(reached, 10U) << "64-bit mode";
}

} // namespace
} // namespace hv::test
