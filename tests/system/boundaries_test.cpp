// An interrupt at every instruction of every path through the ROM (guest/tests/boundary_tests.cpp),
// and that these are all the instructions there are.

#include "shared/guest_physical_layout.h"
#include "tests/system/boot.h"
#include "tests/unit/machine_code/elf_functions.h"

#include <Zydis/Zydis.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>

namespace test {
namespace {

constexpr std::uint32_t handlers = 4;

struct Tried {
    std::uint64_t interrupts = 0;
    std::uint64_t boundaries = 0;
    std::uint64_t paths = 0;
    std::set<std::uint64_t> instructions; ///< of the ROM, by their offsets
};

std::uint32_t digit(char hexadecimal) {
    return static_cast<std::uint32_t>(hexadecimal <= '9' ? hexadecimal - '0'
                                                         : hexadecimal - 'a' + 10);
}

std::set<std::uint64_t> followed(const std::string& output) {
    std::set<std::uint64_t> offsets;
    const std::regex line("@rom-instructions offset=([0-9]+) bits=([0-9a-f]+)");
    for (std::sregex_iterator match(output.begin(), output.end(), line), end; match != end;
         ++match) {
        const std::uint64_t first = std::stoull((*match)[1]);
        const std::string bits = (*match)[2];
        for (std::size_t i = 0; i + 1 < bits.size(); i += 2)
            for (std::uint32_t n = 0; n < 8; ++n)
                if (((digit(bits[i]) << 4 | digit(bits[i + 1])) >> n & 1) != 0)
                    offsets.insert(first + i / 2 * 8 + n);
    }
    return offsets;
}

Tried try_boundaries(const std::string& profile, const std::string& interface) {
    Tried tried;
    const Outcome outcome =
        run_guest(profile, interface, {"test=boundaries"}, "guest", {"--time-limit", "280"});
    EXPECT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    std::smatch match;
    const std::regex line("boundaries: ([0-9]+) interrupts, one with each of ([0-9]+) handlers at "
                          "each of ([0-9]+) instruction boundaries of ([0-9]+) paths; 0 wrong");
    if (!std::regex_search(outcome.output, match, line)) {
        ADD_FAILURE() << outcome.output;
        return tried;
    }
    std::cout << profile << ", " << interface << ": " << match.str() << '\n';
    tried.interrupts = std::stoull(match[1]);
    tried.boundaries = std::stoull(match[3]);
    tried.paths = std::stoull(match[4]);
    EXPECT_EQ(std::stoul(match[2]), handlers);
    // Each boundary with each handler, none left out.
    EXPECT_EQ(tried.interrupts, tried.boundaries * handlers);
    tried.instructions = followed(outcome.output);
    return tried;
}

struct Instruction {
    std::uint64_t offset; ///< in the ROM
    ZydisMnemonic mnemonic;
};

/// A function's instructions but those that only fill.
std::vector<Instruction> instructions_of(const hv::test::ElfFunction& function) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    std::vector<Instruction> instructions;
    for (std::size_t at = 0; at < function.code.size();) {
        ZydisDecodedInstruction instruction;
        if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(&decoder, nullptr, &function.code[at],
                                                        function.code.size() - at, &instruction)))
            break;
        if (instruction.mnemonic != ZYDIS_MNEMONIC_NOP)
            instructions.push_back({function.address + at - abi::rom_base, instruction.mnemonic});
        at += instruction.length;
    }
    return instructions;
}

/// Instructions that no path reaches undisturbed: of SetLazyMode, where VMCALL says that this is
/// ring 3; of get_reloc, where an answer promises an entry that does not exist; of each call that
/// may be queued (it has PUSHFQ twice), the jump back where a handler has filled the ring again
/// while it was flushed.
std::size_t unreachable_in(const hv::test::ElfFunction& function) {
    if (function.symbol == "_ZN3rom13set_lazy_modeEj")
        return 1;
    if (function.symbol == "_ZN3rom9get_relocEj")
        return 3;
    const std::vector<Instruction> instructions = instructions_of(function);
    const auto saves =
        std::ranges::count(instructions, ZYDIS_MNEMONIC_PUSHFQ, &Instruction::mnemonic);
    return saves == 2 ? 1 : 0;
}

// With hardened's and classic's answers, for each leaves some entries out.
TEST(InstructionBoundaries, LazyIsTheModelAtEachInstructionOfTheRom) {
    std::set<std::uint64_t> reached;
    for (const char* profile : {"hardened", "classic"}) {
        const Tried tried = try_boundaries(profile, "lazy");
        EXPECT_GT(tried.boundaries, 7000);
        reached.insert(tried.instructions.begin(), tried.instructions.end());
    }
    // Nothing comes back from the first two, vmi_init is long over, the others touch no state.
    const std::set<std::string> left_out{
        "_ZN3rom6rebootEm",
        "_ZN3rom8shutdownEm",
        "_ZN3rom8vmi_initEv",
        "_ZN3rom8entry_ofEN3abi4CallE",
        "_ZN3rom19machine_to_physicalEm",
        "_ZN3rom19physical_to_machineEm",
        "_ZN3rom10apic_writeEmm",
        "_ZN3rom9apic_readEm",
    };
    std::size_t all = 0;
    for (const auto& function :
         hv::test::elf_functions(LAZYHV_BINARY_DIR "/vmi_rom/vmi.elf", "_ZN3rom")) {
        if (left_out.contains(function.symbol))
            continue;
        std::size_t missed = 0;
        for (const Instruction& instruction : instructions_of(function)) {
            ++all;
            missed += reached.contains(instruction.offset) ? 0U : 1U;
        }
        EXPECT_EQ(missed, unreachable_in(function)) << function.symbol;
    }
    std::cout << all << " instructions of the ROM\n";
    EXPECT_GT(all, 600);
}

TEST(InstructionBoundaries, EagerIsTheModel) {
    for (const char* profile : {"hardened", "classic"})
        EXPECT_GT(try_boundaries(profile, "eager").boundaries, 1000);
}

TEST(InstructionBoundaries, ModernIsTheModel) {
    EXPECT_GT(try_boundaries("modern", "lazy").boundaries, 100);
}

} // namespace
} // namespace test
