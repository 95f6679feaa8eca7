// Segment registers from descriptors and back.

#include "hypervisor/x86/segment.h"

#include <gtest/gtest.h>

namespace hv {
namespace {

TEST(Segment, KernelCode64) {
    const Segment code = segment_from_descriptor(0x08, 0x00AF9B000000FFFF);
    EXPECT_EQ(code.selector, 0x08);
    EXPECT_EQ(code.base, 0U);
    EXPECT_EQ(code.limit, 0xFFFFFFFFU);
    EXPECT_EQ(code.access_rights.raw, 0xA09BU);
    EXPECT_EQ(code.access_rights.type(), 11);
    EXPECT_TRUE(code.access_rights.code_or_data());
    EXPECT_TRUE(code.access_rights.present());
    EXPECT_TRUE(code.access_rights.long_mode());
    EXPECT_FALSE(code.access_rights.default_operation_size());
    EXPECT_TRUE(code.access_rights.granularity());
    EXPECT_TRUE(code.access_rights.usable());
    EXPECT_EQ(code.access_rights.privilege_level(), 0);
    EXPECT_EQ(code.access_rights.raw & AccessRights::reserved_bits, 0U);
}

TEST(Segment, BaseAndLimitAreScatteredOverTheDescriptor) {
    // Base 0x12345678, limit 0xABCDE, type 3, S, DPL 3, P, D/B, byte granularity.
    const std::uint64_t descriptor = 0x124AF3345678BCDE;
    const Segment data = segment_from_descriptor(0x33, descriptor);
    EXPECT_EQ(data.base, 0x12345678U);
    EXPECT_EQ(data.limit, 0xABCDEU);
    EXPECT_EQ(data.access_rights.raw, 0x40F3U);
    EXPECT_EQ(data.access_rights.privilege_level(), 3);
    EXPECT_TRUE(data.access_rights.default_operation_size());
    EXPECT_EQ(descriptor_from_segment(data), descriptor);
}

TEST(Segment, SystemDescriptorTakesBaseFromBothHalves) {
    const Segment tss = segment_from_descriptor(0x40, 0x8000890000000067, 0x00000000FFFF8880);
    EXPECT_EQ(tss.base, 0xFFFF888080000000U);
    EXPECT_EQ(tss.limit, 0x67U);
    EXPECT_EQ(tss.access_rights.type(), segment_type::tss_available);
    EXPECT_FALSE(tss.access_rights.code_or_data());
}

TEST(Segment, DefaultIsUnusable) {
    EXPECT_FALSE(Segment{}.access_rights.usable());
    EXPECT_EQ(AccessRights::unusable().raw, 0x10000U);
}

} // namespace
} // namespace hv
