#include "tests/unit/machine_code/pointer_state.h"

namespace hv::test {
namespace {

using Kind = Value::Kind;

// Keeps the offset it has, so that a loop that moves a pointer comes to an end.
Value joined(const Value& value, const Value& other) {
    if (value.kind != other.kind)
        return value.kind > other.kind ? value : other;
    return value == other ? value : value.plus_something();
}

template <typename Key>
void join_each(std::map<Key, Value>& values, const std::map<Key, Value>& others) {
    for (const auto& [key, other] : others) {
        Value& value = values[key];
        value = joined(value, other);
    }
}

} // namespace

void PointerState::join(const PointerState& other) {
    join_each(registers_, other.registers_);
    join_each(slots_, other.slots_);
}

Value& PointerState::at(ZydisRegister part) {
    return registers_[ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, part)];
}

Value PointerState::address_of(const ZydisDecodedOperand& operand) {
    const std::int64_t displacement =
        operand.mem.disp.has_displacement ? operand.mem.disp.value : 0;
    const Value base = at(operand.mem.base);
    if (operand.mem.index == ZYDIS_REGISTER_NONE)
        return base.plus(displacement);
    const Value index = at(operand.mem.index);
    return (index.kind > base.kind ? index : base).plus(displacement).plus_something();
}

Value PointerState::read(const ZydisDecodedOperand& operand) {
    if (operand.size != 64)
        return {};
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER)
        return at(operand.reg.value);
    if (operand.type != ZYDIS_OPERAND_TYPE_MEMORY)
        return {};
    const Value address = address_of(operand);
    if (address.kind == Kind::stack && !address.indexed)
        return slots_[address.offset];
    if (address == Value{Kind::structure, false, pointer_})
        return {Kind::object, false, 0};
    return {};
}

void PointerState::write(const ZydisDecodedOperand& operand, const Value& value) {
    if (operand.type == ZYDIS_OPERAND_TYPE_REGISTER) {
        at(operand.reg.value) = value;
    } else if (operand.type == ZYDIS_OPERAND_TYPE_MEMORY) {
        const Value address = address_of(operand);
        if (address.kind == Kind::stack && !address.indexed)
            slots_[address.offset] = value;
    }
}

Value PointerState::sum(const ZydisDecodedOperand* operands, bool subtract) {
    const Value left = read(operands[0]);
    if (operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        const std::int64_t distance = operands[1].imm.value.s;
        return left.plus(subtract ? -distance : distance);
    }
    const Value right = read(operands[1]);
    return (right.kind > left.kind && !subtract ? right : left).plus_something();
}

// What the first operand is after the instruction.
Value PointerState::result(const DecodedInstruction& instruction) {
    const ZydisDecodedOperand* const operands = instruction.operands;
    if (instruction.decoded.meta.category == ZYDIS_CATEGORY_CMOV)
        return joined(read(operands[0]), read(operands[1]));
    switch (instruction.decoded.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
        return read(operands[1]);
    case ZYDIS_MNEMONIC_LEA:
        return address_of(operands[1]);
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB:
        return sum(operands, instruction.decoded.mnemonic == ZYDIS_MNEMONIC_SUB);
    default:
        return {};
    }
}

void PointerState::execute(const DecodedInstruction& instruction) {
    Value& stack = at(ZYDIS_REGISTER_RSP);
    switch (instruction.decoded.meta.category) {
    case ZYDIS_CATEGORY_CALL: // what it may change (System V AMD64 ABI, 3.2.1)
        for (const ZydisRegister lost : {ZYDIS_REGISTER_RAX, ZYDIS_REGISTER_RCX, ZYDIS_REGISTER_RDX,
                                         ZYDIS_REGISTER_RSI, ZYDIS_REGISTER_RDI, ZYDIS_REGISTER_R8,
                                         ZYDIS_REGISTER_R9, ZYDIS_REGISTER_R10, ZYDIS_REGISTER_R11})
            at(lost) = {};
        return;
    case ZYDIS_CATEGORY_PUSH:
        stack = stack.plus(-8);
        slots_[stack.offset] = read(instruction.operands[0]);
        return;
    case ZYDIS_CATEGORY_POP:
        write(instruction.operands[0], slots_[stack.offset]);
        stack = stack.plus(8);
        return;
    default:
        break;
    }
    const Value value = result(instruction);
    for (const ZydisDecodedOperand& operand : instruction.all())
        if ((operand.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0)
            write(operand, &operand == instruction.operands ? value : Value{});
}

} // namespace hv::test
