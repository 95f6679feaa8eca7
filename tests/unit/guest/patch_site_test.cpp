#include "guest/kernel/paravirt/patch_site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace {

using abi::Relocation;
using abi::RelocationType;
using guest::paravirt::patch_site;
using guest::paravirt::PatchFault;
using testing::ElementsAre;

constexpr std::uint64_t kernel = 0xFFFFFFFF80200000;
constexpr std::uint64_t rom = 0xFFFFFFFF800D0000;

std::vector<std::uint8_t> site_of(std::size_t length) {
    return std::vector<std::uint8_t>(length, 0x3E);
}

TEST(PatchSite, NoneLeavesTheNativeInstruction) {
    std::vector<std::uint8_t> site = site_of(6);
    EXPECT_EQ(patch_site(site, kernel, {0x400, RelocationType::none}, rom), PatchFault::none);
    EXPECT_EQ(site, site_of(6));
}

TEST(PatchSite, CallGoesBackwardsToTheRom) {
    std::vector<std::uint8_t> site = site_of(6);
    EXPECT_EQ(patch_site(site, kernel, {0x400, RelocationType::call_rel}, rom), PatchFault::none);
    // 0xD0400 - 0x200005 = -0x12FC05
    EXPECT_THAT(site, ElementsAre(0xE8, 0xFB, 0x03, 0xED, 0xFF, 0x90));
}

TEST(PatchSite, JumpIsFollowedByOneNop) {
    std::vector<std::uint8_t> site = site_of(8);
    EXPECT_EQ(patch_site(site, rom, {0x1005, RelocationType::jump_rel}, rom), PatchFault::none);
    EXPECT_THAT(site, ElementsAre(0xE9, 0x00, 0x10, 0x00, 0x00, 0x0F, 0x1F, 0x00));
}

TEST(PatchSite, NopIsOneInstruction) {
    std::vector<std::uint8_t> site = site_of(6);
    EXPECT_EQ(patch_site(site, kernel, {0, RelocationType::nop}, rom), PatchFault::none);
    EXPECT_THAT(site, ElementsAre(0x66, 0x0F, 0x1F, 0x44, 0x00, 0x00));
    site = site_of(9);
    EXPECT_EQ(patch_site(site, kernel, {0, RelocationType::nop}, rom), PatchFault::none);
    EXPECT_THAT(site, ElementsAre(0x66, 0x0F, 0x1F, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00));
}

TEST(PatchSite, LongSitesAreFilledToTheirEnd) {
    std::vector<std::uint8_t> site = site_of(15);
    EXPECT_EQ(patch_site(site, kernel, {0, RelocationType::nop}, rom), PatchFault::none);
    EXPECT_EQ(site[9], 0x66);
    EXPECT_EQ(site[14], 0x00);
}

TEST(PatchSite, RefusesWhatIsNoSite) {
    for (const std::size_t length : {0U, 5U, 16U}) {
        std::vector<std::uint8_t> site = site_of(length);
        EXPECT_EQ(patch_site(site, kernel, {0, RelocationType::nop}, rom),
                  PatchFault::site_too_short);
        EXPECT_EQ(site, site_of(length));
    }
}

TEST(PatchSite, RefusesTargetsOutOfReach) {
    std::vector<std::uint8_t> site = site_of(6);
    EXPECT_EQ(patch_site(site, kernel, {0, RelocationType::call_rel}, 0x400000),
              PatchFault::target_too_far);
    EXPECT_EQ(patch_site(site, kernel, {0x80000000, RelocationType::call_rel}, kernel + 5),
              PatchFault::target_too_far);
    EXPECT_EQ(site, site_of(6));
    EXPECT_EQ(patch_site(site, kernel, {0x7FFFFFFF, RelocationType::call_rel}, kernel + 5),
              PatchFault::none);
}

TEST(PatchSite, RefusesUnknownTypes) {
    std::vector<std::uint8_t> site = site_of(6);
    EXPECT_EQ(patch_site(site, kernel, {0, static_cast<RelocationType>(4)}, rom),
              PatchFault::unknown_type);
    EXPECT_EQ(site, site_of(6));
}

} // namespace
