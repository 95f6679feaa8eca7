#pragma once
// libZydis's names of general registers as numbers in instructions.

#include "hypervisor/instructions/decoder/store.h"

#include <Zydis/Decoder.h>

namespace hv {

constexpr bool within(ZydisRegister which, ZydisRegister first, ZydisRegister last) {
    return which >= first && which <= last;
}

/// The number of a general register of any width; no_register for every other register.
constexpr RegisterOperand general_register(ZydisRegister which) {
    const auto from = [which](ZydisRegister first, std::uint32_t number) {
        return static_cast<std::uint8_t>(which - first + number);
    };
    if (within(which, ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_R15)) {
        return {from(ZYDIS_REGISTER_RAX, 0)};
    }
    if (within(which, ZYDIS_REGISTER_EAX, ZYDIS_REGISTER_R15D)) {
        return {from(ZYDIS_REGISTER_EAX, 0)};
    }
    if (within(which, ZYDIS_REGISTER_AX, ZYDIS_REGISTER_R15W)) {
        return {from(ZYDIS_REGISTER_AX, 0)};
    }
    if (within(which, ZYDIS_REGISTER_AL, ZYDIS_REGISTER_BL)) {
        return {from(ZYDIS_REGISTER_AL, 0)};
    }
    if (within(which, ZYDIS_REGISTER_AH, ZYDIS_REGISTER_BH)) {
        return {from(ZYDIS_REGISTER_AH, 0), true};
    }
    if (within(which, ZYDIS_REGISTER_SPL, ZYDIS_REGISTER_R15B)) {
        return {from(ZYDIS_REGISTER_SPL, 4)};
    }
    return {};
}

} // namespace hv
