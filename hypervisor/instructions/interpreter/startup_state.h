#pragma once
// What a processor is between its SIPI and 64-bit mode.

#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/general_registers.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/segment.h"
#include "shared/vcpu_area.h"

#include <array>
#include <cstdint>

namespace hv {

struct StartupState {
    GuestRegisters general; ///< RSP in the slot of its number, `unused_rsp`
    std::uint64_t rip;      ///< offset in CS
    std::uint64_t rflags;
    std::array<Segment, segment_register_count>
        segments; ///< by SegmentNumber; hidden parts as the VMCS has them
    abi::PseudoDescriptor gdtr;
    abi::PseudoDescriptor idtr;
    std::uint64_t cr0;
    std::uint64_t cr2;
    std::uint64_t cr3;
    std::uint64_t cr4;
    std::uint64_t efer;

    constexpr Segment& segment(SegmentNumber number) {
        return segments[static_cast<std::uint8_t>(number)];
    }
    constexpr const Segment& segment(SegmentNumber number) const {
        return segments[static_cast<std::uint8_t>(number)];
    }

    bool protected_mode() const { return (cr0 & cr0::protection_enable) != 0; }
    bool paging() const { return (cr0 & cr0::paging) != 0; }
    bool long_mode() const { return (efer & efer::long_mode_active) != 0; }
    /// Whether it can go on in protected mode: CS has been loaded since CR0.PE was set, and VM
    /// entry takes the selectors (SDM vol. 3, 27.3.1.2).
    bool has_protected_segments() const {
        constexpr std::uint16_t rpl = 3;
        for (const Segment& segment : segments)
            if ((segment.selector & rpl) != 0)
                return false;
        return protected_mode() &&
               (segment(SegmentNumber::cs).access_rights.type() & segment_type::code) != 0;
    }
    bool in_64_bit_mode() const {
        return long_mode() && segment(SegmentNumber::cs).access_rights.long_mode();
    }
};

/// Access rights of every segment in real mode: present, writable data, ring 0. Those of CS say
/// data, too, so that it can be written.
inline constexpr std::uint32_t real_mode_access_rights = 0x93;

/// As INIT and a SIPI with this vector leave it (SDM vol. 3, table 10-1 and 9.4.4.1). CR0.CD and
/// CR0.NW, which INIT leaves alone, are as firmware has them: clear.
constexpr StartupState after_sipi(std::uint8_t vector) {
    constexpr Segment empty{0, 0, 0xFFFF, {real_mode_access_rights}};
    StartupState state{};
    state.general.rdx = 0x600; // a processor of family 6
    state.rflags = rflags::always_one;
    state.segments.fill(empty);
    Segment& code = state.segment(SegmentNumber::cs);
    code.selector = static_cast<std::uint16_t>(vector << 8);
    code.base = static_cast<std::uint64_t>(vector) << 12;
    state.gdtr = state.idtr = {0xFFFF, 0};
    state.cr0 = cr0::extension_type;
    return state;
}

} // namespace hv
