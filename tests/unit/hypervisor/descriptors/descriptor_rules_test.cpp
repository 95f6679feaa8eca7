// The rules of profile `hardened` for descriptor tables.

#include "hypervisor/descriptors/descriptor_rules.h"

#include <gtest/gtest.h>

#include <vector>

namespace hv {
namespace {

using abi::Error;
using enum DescriptorTable;

constexpr std::uint64_t kernel_code = 0x00AF9B000000FFFF;
constexpr std::uint64_t kernel_data = 0x00CF93000000FFFF;
constexpr std::uint64_t user_code = 0x00AFFB000000FFFF;
constexpr std::uint64_t user_data = 0x00CFF3000000FFFF;
constexpr std::uint64_t tls_data = 0x124AF2345678BCDE; // not accessed, base 0x12345678
constexpr SystemDescriptor busy_tss{0x80008B0010002067, 0x00000000FFFF8880};
constexpr std::uint64_t present_bit = std::uint64_t{1} << 47;

// A present system descriptor of a type, DPL 0.
constexpr std::uint64_t system_slot(std::uint64_t type) { return present_bit | type << 40 | 0x67; }
// A present code or data descriptor.
constexpr std::uint64_t segment_slot(std::uint64_t type, std::uint64_t dpl, bool l, bool d) {
    return present_bit | std::uint64_t{1} << 44 | type << 40 | dpl << 45 | std::uint64_t{l} << 53 |
           std::uint64_t{d} << 54;
}

const KeptSegments nothing_kept{};
const KeptSegments kept{
    .code = {{0x08}, kernel_code}, .stack = {{0x10}, kernel_data}, .tss = {{0x40}, busy_tss}};

Error check(std::uint64_t value, DescriptorTable table = gdt, std::uint32_t index = 6) {
    return check_slot(table, index, value, nothing_kept).error;
}

TEST(DescriptorRules, OrdinarySegmentsAreAccepted) {
    for (const std::uint64_t value : {kernel_code, kernel_data, user_code, user_data, tls_data}) {
        EXPECT_EQ(check(value), Error::none) << std::hex << value;
        EXPECT_EQ(check(value, ldt), Error::none) << std::hex << value;
    }
}

TEST(DescriptorRules, AccessedBitIsForcedInPresentCodeAndDataOnly) {
    const auto stored = [](std::uint64_t value) {
        return check_slot(gdt, 6, value, nothing_kept).value;
    };
    EXPECT_EQ(stored(tls_data), tls_data | std::uint64_t{1} << 40);
    EXPECT_EQ(stored(user_code & ~(std::uint64_t{1} << 40)), user_code);
    EXPECT_EQ(stored(user_data), user_data);
    EXPECT_EQ(stored(tls_data & ~present_bit), tls_data & ~present_bit);
    EXPECT_EQ(stored(system_slot(2)), system_slot(2)) << "type 2 must not become type 3";
    EXPECT_EQ(stored(0), 0U);
}

TEST(DescriptorRules, EverySystemType) {
    for (std::uint64_t type = 0; type < 16; ++type) {
        Error in_gdt = Error::bad_descriptor;
        if (type == 2 || type == 9 || type == 11)
            in_gdt = Error::none;
        if (type == 4 || type == 12)
            in_gdt = Error::call_gate;
        if (type == 5)
            in_gdt = Error::task_gate;
        const Error in_ldt = in_gdt == Error::none ? Error::bad_descriptor : in_gdt;
        for (std::uint64_t dpl = 0; dpl < 4; ++dpl) {
            EXPECT_EQ(check(system_slot(type) | dpl << 45), in_gdt) << type;
            EXPECT_EQ(check(system_slot(type) | dpl << 45, ldt), in_ldt) << type;
        }
        EXPECT_EQ(check(system_slot(type) & ~present_bit), Error::none) << "absent is harmless";
    }
}

TEST(DescriptorRules, CodeTypes) {
    for (std::uint64_t dpl = 0; dpl < 4; ++dpl) {
        const Error conforming = dpl == 3 ? Error::none : Error::conforming_code;
        EXPECT_EQ(check(segment_slot(14, dpl, true, false)), conforming);
        EXPECT_EQ(check(segment_slot(12, dpl, false, true)), conforming);
        EXPECT_EQ(check(segment_slot(10, dpl, true, false)), Error::none);
        EXPECT_EQ(check(segment_slot(10, dpl, false, true)), Error::none);
        EXPECT_EQ(check(segment_slot(10, dpl, true, true)), Error::bad_descriptor);
        EXPECT_EQ(check(segment_slot(6, dpl, false, true)), Error::none) << "expand-down data";
    }
}

// An attacker who writes the two halves of a 16-byte descriptor separately.
TEST(DescriptorRules, UpperHalvesAreHarmlessOrRefused) {
    EXPECT_EQ(check(busy_tss.high), Error::none) << "base 63:32 alone";
    EXPECT_EQ(check(0x00000000FFFFFFFF), Error::none);
    const std::uint64_t looks_like_call_gate = system_slot(12) | std::uint64_t{3} << 45;
    EXPECT_EQ(check(looks_like_call_gate), Error::call_gate);
    EXPECT_EQ(check(system_slot(12) & 0xFFFFFFFF00000000), Error::call_gate);
}

TEST(DescriptorRules, NullSlotOfTheGdtIsFree) {
    EXPECT_EQ(check(system_slot(12), gdt, 0), Error::none);
    EXPECT_EQ(check_slot(gdt, 0, tls_data, nothing_kept).value, tls_data);
    EXPECT_EQ(check(system_slot(12), ldt, 0), Error::call_gate) << "slot 0 of an LDT is loadable";
}

TEST(DescriptorRules, KernelSegmentsKeepTheirValues) {
    EXPECT_EQ(check_slot(gdt, 1, kernel_code, kept).error, Error::none);
    EXPECT_EQ(check_slot(gdt, 1, user_code, kept).error, Error::kernel_segment);
    EXPECT_EQ(check_slot(gdt, 1, 0, kept).error, Error::kernel_segment) << "nor go absent";
    EXPECT_EQ(check_slot(gdt, 2, user_data, kept).error, Error::kernel_segment);
    EXPECT_EQ(check_slot(ldt, 1, user_code, kept).error, Error::none) << "another table";
    const SlotVerdict not_accessed =
        check_slot(gdt, 1, kernel_code & ~(std::uint64_t{1} << 40), kept);
    EXPECT_EQ(not_accessed.error, Error::none);
    EXPECT_EQ(not_accessed.value, kernel_code);
    // Every other bit matters.
    for (unsigned position = 0; position < 64; ++position) {
        if (position != 40) {
            EXPECT_NE(check_slot(gdt, 1, kernel_code ^ std::uint64_t{1} << position, kept).error,
                      Error::none)
                << position;
        }
    }
}

TEST(DescriptorRules, KernelSegmentInTheLdt) {
    const KeptSegments in_ldt{.code = {{0x0C}, kernel_code}, .stack = {}, .tss = {}};
    EXPECT_EQ(check_slot(ldt, 1, user_code, in_ldt).error, Error::kernel_segment);
    EXPECT_EQ(check_slot(gdt, 1, user_code, in_ldt).error, Error::none);
}

TEST(DescriptorRules, LoadedTssKeepsBothSlots) {
    EXPECT_EQ(check_slot(gdt, 8, busy_tss.low, kept).error, Error::none);
    EXPECT_EQ(check_slot(gdt, 9, busy_tss.high, kept).error, Error::none);
    EXPECT_EQ(check_slot(gdt, 8, busy_tss.low ^ SegmentDescriptor::busy_bit, kept).error,
              Error::none);
    for (unsigned position = 0; position < 64; ++position) {
        const std::uint64_t flip = std::uint64_t{1} << position;
        if (position != 41) {
            EXPECT_NE(check_slot(gdt, 8, busy_tss.low ^ flip, kept).error, Error::none) << position;
        }
        EXPECT_NE(check_slot(gdt, 9, busy_tss.high ^ flip, kept).error, Error::none) << position;
    }
    EXPECT_EQ(check_slot(gdt, 8, busy_tss.low ^ 0x10000, kept).error, Error::tss_moved);
    EXPECT_EQ(check_slot(gdt, 9, busy_tss.high ^ 1, kept).error, Error::tss_moved);
    EXPECT_EQ(check_slot(gdt, 10, tls_data, kept).error, Error::none);
}

TEST(SystemDescriptors, Tss) {
    SystemDescriptor tss{busy_tss.low & ~SegmentDescriptor::busy_bit, busy_tss.high};
    const auto load = [](const SystemDescriptor& descriptor) {
        return check_system_descriptor(SystemSegment::tss, descriptor);
    };
    EXPECT_EQ(load(tss), Error::none);
    EXPECT_EQ(load(busy_tss), Error::bad_selector);
    EXPECT_EQ(check_system_descriptor(SystemSegment::tss, busy_tss, true), Error::none);
    EXPECT_EQ(check_system_descriptor(SystemSegment::ldt, tss), Error::bad_selector);
    EXPECT_EQ(load({tss.low & ~present_bit, tss.high}), Error::not_present);
    EXPECT_EQ(load({tss.low, kernel_data}), Error::bad_descriptor) << "a half-written one";
    EXPECT_EQ(load({tss.low, tss.high | std::uint64_t{1} << 40}), Error::bad_descriptor);
    EXPECT_EQ(load({tss.low, 0x00008880}), Error::bad_descriptor) << "base not canonical";
    EXPECT_EQ(load({tss.low, 0}), Error::none) << "a base in the lower half";
    EXPECT_EQ(load({(tss.low & ~std::uint64_t{0xFFFF}) | 0x67, tss.high}), Error::none);
    EXPECT_EQ(load({(tss.low & ~std::uint64_t{0xFFFF}) | 0x66, tss.high}), Error::bad_descriptor);
    EXPECT_EQ(load({kernel_data, 0}), Error::bad_selector);
}

TEST(SystemDescriptors, Ldt) {
    EXPECT_EQ(check_system_descriptor(SystemSegment::ldt, {system_slot(2), 0}), Error::none);
    EXPECT_EQ(check_system_descriptor(SystemSegment::tss, {system_slot(2), 0}),
              Error::bad_selector);
    EXPECT_EQ(check_system_descriptor(SystemSegment::ldt, {user_data, 0}), Error::bad_selector);
}

TEST(SystemDescriptors, Selector) {
    EXPECT_EQ(check_system_selector({0x40}, 0x4F), Error::none);
    EXPECT_EQ(check_system_selector({0x40}, 0x4E), Error::bad_selector) << "upper half outside";
    EXPECT_EQ(check_system_selector({0x44}, 0xFFFF), Error::bad_selector) << "in the LDT";
    EXPECT_EQ(check_system_selector({0x00}, 0xFFFF), Error::bad_selector);
    EXPECT_EQ(check_system_selector({0x03}, 0xFFFF), Error::bad_selector);
    EXPECT_EQ(check_system_selector({0xFFF8}, 0xFFFF), Error::bad_selector);
}

constexpr std::uint64_t handler = 0xFFFF888012345678;
constexpr GateDescriptor good_gate =
    GateDescriptor::make(handler, 0x08, segment_type::interrupt_gate, 0, 1);

Error gate(std::uint64_t low, std::uint64_t high) { return check_gate({low, high}, {0x08}); }

TEST(Gates, MakeAndReadBack) {
    EXPECT_EQ(good_gate.offset(), handler);
    EXPECT_EQ(good_gate.selector(), 0x08);
    EXPECT_EQ(good_gate.type(), 14);
    EXPECT_EQ(good_gate.privilege_level(), 0);
    EXPECT_EQ(good_gate.interrupt_stack_table(), 1);
    EXPECT_TRUE(good_gate.present());
    EXPECT_EQ(good_gate.low, 0x12348E0100085678U);
    EXPECT_EQ(good_gate.high, 0x00000000FFFF8880U);
}

TEST(Gates, InterruptAndTrapGatesOnly) {
    for (std::uint64_t type = 0; type < 16; ++type) {
        const std::uint64_t low = (good_gate.low & ~(std::uint64_t{0xF} << 40)) | type << 40;
        EXPECT_EQ(gate(low, good_gate.high), type >= 14 ? Error::none : Error::bad_gate) << type;
    }
}

TEST(Gates, AnyStackAndPrivilegeLevel) {
    for (std::uint8_t ist = 0; ist < 8; ++ist) {
        for (std::uint8_t dpl = 0; dpl < 4; ++dpl) {
            EXPECT_EQ(check_gate(GateDescriptor::make(handler, 0x08, 15, dpl, ist), {0x08}),
                      Error::none);
        }
    }
}

TEST(Gates, Offences) {
    EXPECT_EQ(gate(good_gate.low, good_gate.high), Error::none);
    EXPECT_EQ(check_gate(good_gate, {0x10}), Error::bad_gate) << "another code segment";
    for (const unsigned reserved : {35U, 36U, 37U, 38U, 39U, 44U}) {
        EXPECT_EQ(gate(good_gate.low | std::uint64_t{1} << reserved, good_gate.high),
                  Error::bad_gate)
            << reserved;
    }
    for (unsigned reserved = 32; reserved < 64; ++reserved) {
        EXPECT_EQ(gate(good_gate.low, good_gate.high | std::uint64_t{1} << reserved),
                  Error::bad_gate)
            << reserved;
    }
    EXPECT_EQ(gate(good_gate.low, 0), Error::bad_gate) << "the lower half";
    EXPECT_EQ(gate(good_gate.low, 0xFFFF0880), Error::bad_gate) << "not canonical";
    EXPECT_EQ(gate(good_gate.low, 0xFFFF8000), Error::none) << "the first upper address";
}

// Writing halves in either order: no sequence of accepted writes enables an invalid gate.
TEST(Gates, HalvesInEitherOrder) {
    EXPECT_EQ(gate(0, good_gate.high), Error::none);
    EXPECT_EQ(gate(0, ~std::uint64_t{0}), Error::none) << "garbage, but absent";
    EXPECT_EQ(gate(good_gate.low & ~present_bit, ~std::uint64_t{0}), Error::none);
    EXPECT_EQ(gate(good_gate.low, ~std::uint64_t{0}), Error::bad_gate) << "enabling the garbage";
    EXPECT_EQ(gate(good_gate.low, 0x7FFF), Error::bad_gate) << "changing a present gate's half";
}

TEST(TableLimits, WholeDescriptorsUpToTheMaximum) {
    EXPECT_EQ(check_segment_table_limit(7), Error::none);
    EXPECT_EQ(check_segment_table_limit(0xFFFF), Error::none);
    for (const std::uint32_t limit : {0U, 3U, 6U, 8U, 11U, 0xFFFEU, 0x10007U, 0xFFFFFFFFU})
        EXPECT_EQ(check_segment_table_limit(limit), Error::bad_limit) << limit;
    EXPECT_EQ(check_idt_limit(15), Error::none);
    EXPECT_EQ(check_idt_limit(0xFFF), Error::none);
    for (const std::uint32_t limit : {0U, 7U, 23U, 0xFFEU, 0x100FU, 0xFFFFFFFFU})
        EXPECT_EQ(check_idt_limit(limit), Error::bad_limit) << limit;
}

class SegmentTable {
  public:
    std::vector<std::uint64_t> slots{0, kernel_code, kernel_data, user_data, user_code, tls_data};
    std::vector<int> reads = std::vector<int>(8);

    TableVerdict check(std::uint32_t limit, const KeptSegments& kept_segments = nothing_kept) {
        return check_segment_table(
            gdt, limit, kept_segments,
            [this](std::uint32_t index) {
                ++reads.at(index);
                return slots.at(index);
            },
            [this](std::uint32_t index, std::uint64_t value) { slots.at(index) = value; });
    }
};

TEST(WholeTable, GoodTableIsReadOnceAndGetsItsAccessedBits) {
    SegmentTable table;
    EXPECT_EQ(table.check(47).error, Error::none);
    for (std::size_t index = 0; index < 6; ++index)
        EXPECT_EQ(table.reads[index], 1);
    EXPECT_EQ(table.slots[5], tls_data | SegmentDescriptor::accessed_bit);
    EXPECT_EQ(table.slots[3], user_data);
}

TEST(WholeTable, OffenceIsFoundWhereverItIs) {
    for (std::uint32_t index = 1; index < 6; ++index) {
        SegmentTable table;
        table.slots[index] = system_slot(12);
        const TableVerdict verdict = table.check(47);
        EXPECT_EQ(verdict.error, Error::call_gate);
        EXPECT_EQ(verdict.index, index);
    }
}

TEST(WholeTable, NothingBeyondTheLimitIsRead) {
    SegmentTable table;
    table.slots[5] = system_slot(12);
    EXPECT_EQ(table.check(39).error, Error::none);
    EXPECT_EQ(table.reads[5], 0);
}

TEST(WholeTable, KernelSegmentsAndLimit) {
    SegmentTable table;
    EXPECT_EQ(table.check(47, {.code = {{0x08}, user_code}, .stack = {}, .tss = {}}).error,
              Error::kernel_segment);
    EXPECT_EQ(table.check(48).error, Error::bad_limit);
}

TEST(WholeTable, Idt) {
    std::vector<GateDescriptor> gates(4, good_gate);
    gates[2] = {0, 0};
    const auto read = [&](std::uint32_t vector) { return gates.at(vector); };
    EXPECT_EQ(check_idt(63, {0x08}, read).error, Error::none);
    EXPECT_EQ(check_idt(64, {0x08}, read).error, Error::bad_limit);
    gates[3].high = 0;
    EXPECT_EQ(check_idt(63, {0x08}, read).error, Error::bad_gate);
    EXPECT_EQ(check_idt(63, {0x08}, read).index, 3U);
    EXPECT_EQ(check_idt(47, {0x08}, read).error, Error::none);
}

} // namespace
} // namespace hv
