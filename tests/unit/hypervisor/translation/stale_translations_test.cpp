// The ledger of stale translations, rule by rule (hypervisor/translation/stale_translations.h).

#include "hypervisor/translation/stale_translations.h"
#include "hypervisor/vcpu/virtual_machine.h"

#include <gtest/gtest.h>

#include <memory>

namespace hv::test {
namespace {

int drops_elsewhere = 0;

class StaleTranslationsTest : public ::testing::Test {
  protected:
    StaleTranslationsTest() { drops_elsewhere = 0; }

    std::unique_ptr<VirtualMachine> machine = std::make_unique<VirtualMachine>();
    StaleTranslations stale{*machine, [](VirtualMachine&) { ++drops_elsewhere; }};
};

TEST_F(StaleTranslationsTest, TheGuestsChangesAddUp) {
    EXPECT_TRUE(stale.is_settled());
    stale.taken_by_guest(Stale::non_global);
    EXPECT_FALSE(stale.is_settled());
    stale.taken_by_guest(Stale::all);
    stale.taken_by_guest(Stale::non_global);
    stale.taken_by_guest(Stale::none);
    const StaleTranslations::Owed owed = stale.take();
    EXPECT_EQ(owed.by_guest, Stale::all);
    EXPECT_FALSE(owed.by_monitor);
    EXPECT_EQ(stale.take().by_guest, Stale::none);
    EXPECT_TRUE(stale.is_settled());
    stale.wait_for_others();
    EXPECT_EQ(drops_elsewhere, 0); // they are the guest's to invalidate there
}

TEST_F(StaleTranslationsTest, WhatTheMonitorTookIsNotLeftToTheGuest) {
    stale.taken_by_guest(Stale::non_global);
    stale.taken_by_monitor();
    EXPECT_EQ(stale.leave(), Stale::non_global);
    EXPECT_FALSE(stale.is_settled());
    EXPECT_TRUE(stale.take().by_monitor);
    EXPECT_FALSE(stale.take().by_monitor);
    // The acting vCPU's own drop does not stand for those of others.
    stale.wait_for_others();
    stale.wait_for_others();
    EXPECT_EQ(drops_elsewhere, 1);
}

TEST_F(StaleTranslationsTest, WhatIsLeftStaysUntilItIsDropped) {
    EXPECT_FALSE(stale.is_any_left());
    EXPECT_EQ(stale.note_left(0b110, Stale::non_global), 0b110U);
    EXPECT_EQ(stale.note_left(0b011, Stale::all), 0b001U); // new for one of them
    EXPECT_FALSE(stale.clear_left(1, Stale::non_global));  // its global ones are left
    EXPECT_TRUE(stale.clear_left(2, Stale::non_global));
    EXPECT_TRUE(stale.has_left(0));
    EXPECT_TRUE(stale.clear_left(1, Stale::all));
    EXPECT_TRUE(stale.clear_left(0, Stale::all));
    EXPECT_FALSE(stale.is_any_left());
}

} // namespace
} // namespace hv::test
