// Shadow paging against the reference MMU: a guest that changes its page tables at random, on a
// processor that caches translations, never sees what the architecture does not allow.

#include "tests/unit/fake/guests/model_guest.h"

#include <gtest/gtest.h>

namespace hv::test {
namespace {

struct Run {
    ModelGuest::Settings settings;
    std::uint64_t operations;
};

class ShadowModel : public ::testing::TestWithParam<Run> {};

TEST_P(ShadowModel, AgreesWithTheReference) {
    ModelGuest guest{GetParam().settings};
    for (std::uint64_t n = 0; n < GetParam().operations; ++n)
        ASSERT_TRUE(guest.step()) << guest.complaint;
    ASSERT_TRUE(guest.finish()) << guest.complaint;
    // That it was worth the while.
    const abi::Statistics& statistics = guest.statistics();
    const std::uint64_t per_mille = guest.operations() / 1000;
    EXPECT_GT(guest.successes, 25 * per_mille);
    EXPECT_GT(guest.faults, 80 * per_mille);
    EXPECT_GT(statistics.shadow_built, 20 * per_mille);
    EXPECT_GT(statistics.memory[static_cast<int>(abi::MemoryAccess::table_unsynced)], 0U);
    if (GetParam().settings.vcpus > 1) {
        EXPECT_GT(guest.statistics(1).kicks_received, per_mille);
        EXPECT_TRUE(guest.shootdowns > 0 || !GetParam().settings.rom);
    }
    if (GetParam().settings.unaware) {
        EXPECT_GT(guest.free_loads, 0U);
    }
    if (GetParam().settings.rom) {
        EXPECT_GT(guest.free_loads, 0U);
        EXPECT_GT(guest.registrations, 0U);
    }
    if (GetParam().operations < 100'000)
        return;
    EXPECT_GT(guest.stale_uses, GetParam().settings.vcpus == 1 ? 50U : 25U);
    EXPECT_GT(statistics.shadow_rebuilt, 0U);
    EXPECT_GT(statistics.shadow_reclaimed,
              GetParam().settings.shadow_tables < min_shadow_tables ? 20 * per_mille : 0);
}

// Few plain stores make a kernel that is aware of the ROM, few calls one that is not. A pool of 80
// tables is smaller than the monitor ever makes one: most of what is built is reclaimed.
constexpr std::uint32_t tiny = 80;

INSTANTIATE_TEST_SUITE_P(
    Seeds, ShadowModel,
    ::testing::Values(
        Run{{.seed = 1, .check_every = 1}, 5'000},
        Run{{.seed = 2, .stores = 10, .calls = 30, .check_every = 1}, 5'000},
        Run{{.seed = 3, .rom = false, .check_every = 1}, 5'000},
        Run{{.seed = 4, .shadow_tables = tiny, .check_every = 20}, 50'000},
        Run{{.seed = 5}, 500'000}, Run{{.seed = 6, .shadow_tables = tiny}, 500'000},
        Run{{.seed = 7, .rom = false}, 500'000},
        Run{{.seed = 8, .shadow_tables = tiny, .rom = false}, 500'000},
        Run{{.seed = 9, .stores = 10, .calls = 30}, 500'000},
        Run{{.seed = 10, .shadow_tables = tiny, .stores = 10, .calls = 30}, 500'000},
        Run{{.seed = 11, .stores = 2, .calls = 5}, 500'000},
        Run{{.seed = 12, .shadow_tables = tiny, .stores = 100, .calls = 15}, 500'000},
        Run{{.seed = 13, .check_every = 1, .vcpus = 2}, 5'000},
        Run{{.seed = 14, .stores = 10, .calls = 30, .check_every = 1, .vcpus = 3}, 5'000},
        Run{{.seed = 15, .rom = false, .check_every = 1, .vcpus = 2}, 5'000},
        Run{{.seed = 16, .vcpus = 2}, 500'000},
        Run{{.seed = 17, .shadow_tables = tiny, .vcpus = 2}, 500'000},
        Run{{.seed = 18, .rom = false, .vcpus = 2}, 500'000},
        Run{{.seed = 19, .stores = 10, .calls = 30, .vcpus = 3}, 500'000},
        Run{{.seed = 20, .stores = 2, .calls = 5, .vcpus = 2}, 500'000},
        Run{{.seed = 21, .rom = false, .check_every = 10, .unaware = true}, 20'000},
        Run{{.seed = 22, .rom = false, .unaware = true}, 500'000},
        Run{{.seed = 23, .rom = false, .stores = 10, .unaware = true}, 90'000},
        Run{{.seed = 24, .shadow_tables = tiny, .rom = false, .unaware = true}, 90'000}),
    [](const auto& parameter) { return "Seed" + std::to_string(parameter.param.settings.seed); });

} // namespace
} // namespace hv::test
