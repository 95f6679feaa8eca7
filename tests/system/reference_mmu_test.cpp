// The reference MMU, by which the unit tests judge shadow paging, agrees with an emulated processor
// about random page tables and accesses.

#include "tests/fidelity/translation_case.h"
#include "tests/system/command.h"
#include "tests/unit/fake/reference_mmu.h"

#include <gtest/gtest.h>

#include <sstream>

namespace test {
namespace {

constexpr std::uint64_t seed = 1;
constexpr std::uint64_t cases = 20000;

/// How the access ends, as the guest prints it. The tables lie in the pages 1 to 4.
std::string expected(const fidelity::TranslationCase& access) {
    constexpr std::uint64_t memory_size = 0x5000;
    const std::vector<std::uint8_t> memory(memory_size);
    hv::test::ReferenceMmu mmu(memory.data(), memory_size);
    mmu.modes = {.write_protect = access.write_protect,
                 .user_execution = !access.smep,
                 .user_access = !access.smap || access.alignment_check,
                 .execute_disable = access.execute_disable};
    for (int level = 4; level >= access.leaf_level; --level) {
        const auto table = static_cast<std::uint64_t>(level) * 0x1000;
        const std::uint64_t slot = fidelity::translated_address >> (12 + 9 * (level - 1)) & 511;
        const std::uint64_t frame = level > access.leaf_level ? table - 0x1000 : 0;
        mmu.store(table + slot * 8, frame | access.entry[static_cast<std::size_t>(level)]);
    }
    mmu.load_root(0x4000);
    const hv::test::ReferenceWalk walk =
        mmu.walk(fidelity::translated_address,
                 {.write = access.write, .user = access.user, .fetch = access.fetch});
    if (walk.end == hv::test::ReferenceWalk::End::mapped)
        return "done";
    std::ostringstream fault;
    fault << "14 " << std::hex << walk.code;
    return fault.str();
}

TEST(ReferenceMmu, AgreesWithTheEmulatedProcessor) {
    // Some 100 seconds on a processor that has nothing else to do.
    Command command({lazyhv_program(), "run", "--profile", "bare", "--interface", "native", "--cpu",
                     "corei7_skylake_x", "--time-limit", "280",
                     LAZYHV_BINARY_DIR "/tests/fidelity/fidelity.elf", "--", "translations",
                     "seed=" + std::to_string(seed), "count=" + std::to_string(cases)});
    const Outcome outcome = command.wait(std::chrono::seconds(290));
    ASSERT_EQ(outcome.status, 0) << outcome.output << outcome.error;
    std::istringstream lines(outcome.output);
    const std::string prefix = "translation ";
    std::uint64_t next = 0;
    std::uint64_t differences = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(prefix))
            continue;
        const std::string wanted =
            std::to_string(next) + " " + expected(fidelity::make_translation_case(seed, next));
        ++next;
        if (line.substr(prefix.size()) != wanted && ++differences <= 5)
            ADD_FAILURE() << "the processor: " << line << "\nthe reference: " << wanted;
    }
    EXPECT_EQ(next, cases);
    EXPECT_EQ(differences, 0U);
}

} // namespace
} // namespace test
