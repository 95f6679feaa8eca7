#include "tests/fuzz/decoded_store.h"

#include "hypervisor/instructions/decoder/decoder.h"
#include "hypervisor/x86/status_flags.h"
#include "tests/fuzz/failure.h"
#include "tests/unit/machine_code/native_execution.h"

#include <Zydis/Zydis.h>

#include <array>
#include <cstring>

namespace fuzz {

using hv::GuestRegisters;
using hv::Store;

namespace {

constexpr std::uint64_t instruction_address = 0x5000'0000;

struct Decoded {
    ZydisDecodedInstruction instruction;
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands;
};

bool decode_fully(std::span<const std::uint8_t> bytes, Decoded& decoded) {
    ZydisDecoder decoder;
    ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes.data(), bytes.size(),
                                               &decoded.instruction, decoded.operands.data()));
}

bool writes_memory(const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY &&
           (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

std::uint64_t address_by_zydis(const Decoded& decoded, const ZydisDecodedOperand& operand,
                               GuestRegisters& registers) {
    ZydisRegisterContext context{};
    for (std::uint32_t number = 0; number < 16; ++number) {
        context.values[ZYDIS_REGISTER_RAX + number] = registers[number];
        context.values[ZYDIS_REGISTER_EAX + number] = registers[number] & 0xFFFFFFFF;
    }
    ZyanU64 address = 0;
    require(ZYAN_SUCCESS(ZydisCalcAbsoluteAddressEx(&decoded.instruction, &operand,
                                                    instruction_address, &context, &address)),
            "Zydis knows the address of a store");
    return address;
}

void compare_with_zydis(const Store& store, std::span<const std::uint8_t> bytes,
                        GuestRegisters& registers) {
    Decoded decoded;
    require(decode_fully(bytes, decoded), "a store is an instruction");
    require(store.length == decoded.instruction.length, "a store's length");
    const ZydisDecodedOperand* written = nullptr;
    for (std::uint32_t number = 0; number < decoded.instruction.operand_count; ++number) {
        if (!writes_memory(decoded.operands[number]))
            continue;
        require(written == nullptr, "a store writes one operand in memory");
        written = &decoded.operands[number];
    }
    require(written != nullptr && written->size == store.size * 8U, "a store's size");
    require(hv::linear_address(store, registers, instruction_address, 0) ==
                address_by_zydis(decoded, *written, registers),
            "a store's address");
}

/// Chooses the base register so that the store goes to `target`; false when it cannot be chosen.
bool aim(const Store& store, GuestRegisters& registers, std::uint64_t target) {
    constexpr std::uint8_t rsp_number = 4;
    const hv::AddressOperand& address = store.address;
    if (address.segment != hv::SegmentOverride::none || address.base >= 16 ||
        address.base == rsp_number || address.base == address.index ||
        address.index == rsp_number || hv::uses_stack_pointer(store))
        return false;
    registers[address.base] += target - hv::linear_address(store, registers, 0, 0);
    return hv::linear_address(store, registers, 0, 0) == target;
}

void compare_with_processor(const Store& store, std::span<const std::uint8_t> bytes,
                            GuestRegisters registers, Input& input) {
    static test::NativeExecution host;
    constexpr std::size_t place = 1024;
    std::uint8_t* const target = &host.data()[place];
    if (!aim(store, registers, reinterpret_cast<std::uint64_t>(target)))
        return;
    const std::uint64_t old = input.take<std::uint64_t>();
    std::uint64_t flags = 0x202 | (input.take<std::uint16_t>() & hv::status_flag::all);
    std::memset(target - 8, 0x5A, 24);
    std::memcpy(target, &old, sizeof(old));

    std::array<std::uint8_t, 24> expected{};
    std::memcpy(expected.data(), target - 8, expected.size());
    GuestRegisters ours = registers;
    std::uint64_t our_flags = flags;
    std::uint64_t memory = 0;
    std::memcpy(&memory, target, store.size);
    memory = hv::apply(store, memory, ours, our_flags);
    std::memcpy(expected.data() + 8, &memory, store.size);

    host.run(bytes.first(store.length), registers, flags);
    require(std::memcmp(expected.data(), target - 8, expected.size()) == 0,
            "a store leaves in memory what the processor does");
    for (std::uint32_t number = 0; number < 16; ++number)
        require(ours[number] == registers[number], "a store leaves the processor's registers");
    require(our_flags == flags, "a store leaves the processor's flags");
}

} // namespace

void check_decoded_store(Input& input) {
    GuestRegisters registers{};
    const std::uint64_t seed = input.take<std::uint64_t>();
    for (std::uint32_t number = 0; number < 16; ++number)
        registers[number] = seed >> number * 4 ^ seed << (60 - number * 4) ^ number;
    const auto bytes = input.take_bytes(hv::longest_instruction);
    Store store;
    if (!hv::decode_guest_store(bytes.data(), static_cast<std::uint32_t>(bytes.size()), store,
                                hv::CodeSize::bits_64))
        return;
    compare_with_zydis(store, bytes, registers);
    compare_with_processor(store, bytes, registers, input);
}

} // namespace fuzz
