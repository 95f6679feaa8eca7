#pragma once
// What tests of the way from real mode to 64-bit mode have in common: page tables, a GDT, and a
// processor that has gone a part of the way.

#include "hypervisor/x86/paging_mode.h"
#include "tests/unit/cases/startup_case.h"

namespace hv::test {

inline constexpr std::uint64_t top_table = 0x200000; ///< maps the first 2 MiB one to one
inline constexpr std::uint64_t code64 = 0x00AF9A000000FFFF;
inline constexpr std::uint64_t data32 = 0x00CF92000000FFFF;
inline constexpr std::uint64_t code32 = 0x00CF9A000000FFFF;

class StartupModesCase : public StartupCase {
  protected:
    StartupModesCase() {
        machine.msrs[0x1A0] = 1;
        machine.word(top_table) = 0x201000 | 7;
        machine.word(0x201000) = 0x202000 | 7;
        machine.word(0x202000) = 0x83;
    }

    /// A GDT at 0x9000: null, 32-bit code, data, 64-bit code, and then these.
    void put_gdt(std::initializer_list<std::uint64_t> more = {}) {
        std::uint64_t slot = 0x9000;
        std::vector<std::uint64_t> descriptors{0, code32, data32, code64};
        descriptors.insert(descriptors.end(), more);
        for (const std::uint64_t descriptor : descriptors) {
            machine.word(slot) = descriptor;
            slot += 8;
        }
        state.gdtr = {static_cast<std::uint16_t>(slot - 0x9001), 0x9000};
    }

    /// In 32-bit protected mode with flat segments.
    void enter_protected_mode(std::initializer_list<std::uint64_t> more = {}) {
        state = after_sipi(vector);
        put_gdt(more);
        state.cr0 |= cr0::protection_enable;
        state.segment(SegmentNumber::cs) = segment_from_descriptor(0x08, code32 | 1ULL << 40);
        for (const auto number : {SegmentNumber::ds, SegmentNumber::es, SegmentNumber::ss})
            state.segment(number) = segment_from_descriptor(0x10, data32 | 1ULL << 40);
        state.rip = code_base;
        state.general.rdx = 0;
        state.general.unused_rsp = 0x7000;
    }

    /// In compatibility mode, below 2 MiB.
    void enter_compatibility_mode() {
        enter_protected_mode();
        state.cr0 |= cr0::paging;
        state.cr3 = top_table;
        state.cr4 = cr4::physical_address_extension;
        state.efer = efer::long_mode_enable | efer::long_mode_active;
    }

    void expect_64_bit_mode(std::uint64_t rip, std::uint16_t selector) {
        EXPECT_EQ(end.error, abi::Error::none) << end.reason << " at " << std::hex << end.address;
        EXPECT_TRUE(state.in_64_bit_mode());
        EXPECT_EQ(state.rip, rip);
        EXPECT_EQ(segment(SegmentNumber::cs).selector, selector);
        EXPECT_TRUE(segment(SegmentNumber::cs).access_rights.long_mode());
    }
};

} // namespace hv::test
