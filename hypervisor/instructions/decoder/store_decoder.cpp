#include "hypervisor/instructions/decoder/store_decoder.h"

#include "hypervisor/instructions/zydis_register.h"

#include <Zydis/Decoder.h>

namespace hv {

namespace {

struct Mnemonic {
    ZydisMnemonic mnemonic;
    StoreOperation operation;
};

// Most frequent first.
constexpr Mnemonic mnemonics[] = {
    {ZYDIS_MNEMONIC_MOV, StoreOperation::replace},
    {ZYDIS_MNEMONIC_AND, StoreOperation::bitwise_and},
    {ZYDIS_MNEMONIC_OR, StoreOperation::bitwise_or},
    {ZYDIS_MNEMONIC_BTS, StoreOperation::bit_set},
    {ZYDIS_MNEMONIC_BTR, StoreOperation::bit_reset},
    {ZYDIS_MNEMONIC_BTC, StoreOperation::bit_complement},
    {ZYDIS_MNEMONIC_XCHG, StoreOperation::exchange},
    {ZYDIS_MNEMONIC_CMPXCHG, StoreOperation::compare_and_exchange},
    {ZYDIS_MNEMONIC_XOR, StoreOperation::bitwise_xor},
    {ZYDIS_MNEMONIC_ADD, StoreOperation::add},
    {ZYDIS_MNEMONIC_SUB, StoreOperation::subtract},
    {ZYDIS_MNEMONIC_INC, StoreOperation::increment},
    {ZYDIS_MNEMONIC_DEC, StoreOperation::decrement},
    {ZYDIS_MNEMONIC_NOT, StoreOperation::complement},
    {ZYDIS_MNEMONIC_NEG, StoreOperation::negate},
    {ZYDIS_MNEMONIC_ADC, StoreOperation::add_with_carry},
    {ZYDIS_MNEMONIC_SBB, StoreOperation::subtract_with_borrow},
    {ZYDIS_MNEMONIC_XADD, StoreOperation::exchange_and_add},
    {ZYDIS_MNEMONIC_MOVNTI, StoreOperation::replace},
    {ZYDIS_MNEMONIC_STOSB, StoreOperation::store_string},
    {ZYDIS_MNEMONIC_STOSW, StoreOperation::store_string},
    {ZYDIS_MNEMONIC_STOSD, StoreOperation::store_string},
    {ZYDIS_MNEMONIC_STOSQ, StoreOperation::store_string},
};

const Mnemonic* find(ZydisMnemonic mnemonic) {
    for (const Mnemonic& entry : mnemonics) {
        if (entry.mnemonic == mnemonic) {
            return &entry;
        }
    }
    return nullptr;
}

std::uint8_t address_register(ZydisRegister which) {
    if (which == ZYDIS_REGISTER_RIP || which == ZYDIS_REGISTER_EIP) {
        return instruction_pointer;
    }
    return general_register(which).number;
}

AddressOperand address_operand(const ZydisDecodedInstruction& instruction,
                               const ZydisDecodedOperandMem& memory) {
    AddressOperand address;
    if (memory.segment == ZYDIS_REGISTER_FS) {
        address.segment = SegmentOverride::fs;
    } else if (memory.segment == ZYDIS_REGISTER_GS) {
        address.segment = SegmentOverride::gs;
    }
    address.base = address_register(memory.base);
    address.index = address_register(memory.index);
    address.scale = memory.scale;
    address.is_32_bit = instruction.address_width == 32;
    address.displacement = memory.disp.has_displacement != ZYAN_FALSE ? memory.disp.value : 0;
    return address;
}

bool is_written_memory(const ZydisDecodedOperand& operand) {
    return operand.type == ZYDIS_OPERAND_TYPE_MEMORY && operand.mem.type == ZYDIS_MEMOP_TYPE_MEM &&
           (operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

/// The operand after the memory operand. False if it is neither an immediate nor a general
/// register.
bool source_operand(const ZydisDecodedOperand& operand, Store& store) {
    if (operand.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        store.immediate = operand.imm.value.u;
        return true;
    }
    if (operand.type != ZYDIS_OPERAND_TYPE_REGISTER) {
        return false;
    }
    store.source = general_register(operand.reg.value);
    return store.source.number != no_register;
}

bool has_no_source(StoreOperation operation) {
    return operation == StoreOperation::increment || operation == StoreOperation::decrement ||
           operation == StoreOperation::complement || operation == StoreOperation::negate;
}

bool is_bit_operation(StoreOperation operation) {
    return operation == StoreOperation::bit_set || operation == StoreOperation::bit_reset ||
           operation == StoreOperation::bit_complement;
}

bool is_plain(const ZydisDecodedInstruction& instruction, const Store& store) {
    if (store.operation == StoreOperation::store_string) {
        // With REP it is many stores; with a 32-bit address it changes EDI.
        constexpr std::uint64_t repeated =
            ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE;
        return (instruction.attributes & repeated) == 0 && !store.address.is_32_bit;
    }
    // A bit offset in a register reaches beyond the operand.
    return !is_bit_operation(store.operation) || store.source.number == no_register;
}

} // namespace

bool decode_store(const std::uint8_t* bytes, std::uint32_t count, Store& store, CodeSize size) {
    ZydisDecoder decoder;
    const bool is_64_bit = size == CodeSize::bits_64;
    if (!ZYAN_SUCCESS(ZydisDecoderInit(
            &decoder, is_64_bit ? ZYDIS_MACHINE_MODE_LONG_64 : ZYDIS_MACHINE_MODE_LEGACY_32,
            is_64_bit ? ZYDIS_STACK_WIDTH_64 : ZYDIS_STACK_WIDTH_32))) {
        return false;
    }
    ZydisDecoderContext context;
    ZydisDecodedInstruction instruction;
    if (!ZYAN_SUCCESS(
            ZydisDecoderDecodeInstruction(&decoder, &context, bytes, count, &instruction))) {
        return false;
    }
    const Mnemonic* known = find(instruction.mnemonic);
    if (known == nullptr) {
        return false;
    }
    // Target and source come first; the hidden operands after them are not needed.
    ZydisDecodedOperand operands[2];
    const ZyanU8 operand_count = instruction.operand_count < 2 ? instruction.operand_count : 2;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder, &context, &instruction, operands,
                                                 operand_count)) ||
        operand_count == 0 || !is_written_memory(operands[0])) {
        return false;
    }
    store = {};
    store.operation = known->operation;
    store.size = static_cast<std::uint8_t>(operands[0].size / 8);
    store.length = instruction.length;
    store.address = address_operand(instruction, operands[0].mem);
    if (!has_no_source(store.operation) &&
        (operand_count < 2 || !source_operand(operands[1], store))) {
        return false;
    }
    return store.size <= sizeof(std::uint64_t) && is_plain(instruction, store);
}

} // namespace hv
