// CR0 to CR4 of a starting processor, and how it enters long mode (SDM vol. 3, 4.1.2 and 10.8.5).

#include "hypervisor/instructions/interpreter/processor.h"

namespace hv::startup {

namespace {

// PE, MP, EM, TS, ET, NE, WP, AM, NW, CD, PG; writes of the others are ignored.
constexpr std::uint32_t cr0_bits = 0xE005003F;

const char* judge_cr0(const StartupState& state, std::uint32_t value) {
    const bool paging = (value & cr0::paging) != 0;
    if (paging && (value & cr0::protection_enable) == 0)
        return "paging without protected mode";
    if ((value & cr0::not_write_through) != 0 && (value & cr0::cache_disable) == 0)
        return "CR0.NW without CR0.CD";
    if (!paging || state.paging())
        return nullptr;
    if ((state.efer & efer::long_mode_enable) == 0)
        return "paging outside long mode";
    if ((state.cr4 & cr4::physical_address_extension) == 0)
        return "long mode without CR4.PAE";
    if ((state.cr4 & cr4::linear_address_57) != 0)
        return "5-level paging";
    if (state.segment(SegmentNumber::cs).access_rights.long_mode())
        return "long mode activated in a 64-bit code segment";
    return nullptr;
}

const char* judge_cr4(const StartupState& state, std::uint32_t value) {
    if (state.long_mode() && (value & cr4::physical_address_extension) == 0)
        return "CR4.PAE cleared in long mode";
    if (state.long_mode() && (value & cr4::linear_address_57) != 0)
        return "CR4.LA57 set in long mode";
    if (!state.long_mode() && (value & cr4::pcid_enable) != 0)
        return "CR4.PCIDE outside long mode";
    return nullptr;
}

void write_cr0(StartupState& state, std::uint32_t value) {
    state.cr0 = value;
    const bool active = state.paging() && (state.efer & efer::long_mode_enable) != 0;
    state.efer = (state.efer & ~efer::long_mode_active) | (active ? efer::long_mode_active : 0);
}

} // namespace

std::uint32_t Processor::read_control(ZydisRegister which) {
    switch (which) {
    case ZYDIS_REGISTER_CR0:
        return static_cast<std::uint32_t>(state.cr0);
    case ZYDIS_REGISTER_CR2:
        return static_cast<std::uint32_t>(state.cr2);
    case ZYDIS_REGISTER_CR3:
        return static_cast<std::uint32_t>(state.cr3);
    case ZYDIS_REGISTER_CR4:
        return static_cast<std::uint32_t>(state.cr4);
    default:
        refuse("a register that start-up code does not use");
        return 0;
    }
}

void Processor::write_control(ZydisRegister which, std::uint32_t value) {
    const char* verdict = nullptr;
    switch (which) {
    case ZYDIS_REGISTER_CR0:
        value = (value & cr0_bits) | cr0::extension_type;
        verdict = judge_cr0(state, value);
        if (verdict == nullptr)
            write_cr0(state, value);
        break;
    case ZYDIS_REGISTER_CR2:
        state.cr2 = value;
        break;
    case ZYDIS_REGISTER_CR3:
        state.cr3 = value;
        break;
    case ZYDIS_REGISTER_CR4:
        verdict = judge_cr4(state, value);
        state.cr4 = value;
        break;
    default:
        verdict = "a register that start-up code does not use";
        break;
    }
    if (verdict != nullptr)
        refuse(verdict);
}

} // namespace hv::startup
