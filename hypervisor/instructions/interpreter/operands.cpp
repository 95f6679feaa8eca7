// Operands of instructions: registers, and words in segments.

#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/instructions/zydis_register.h"
#include "hypervisor/x86/status_flags.h"

namespace hv::startup {

namespace {

std::uint32_t mask_of(std::uint32_t size) {
    return static_cast<std::uint32_t>(status_flag::operand_mask(size));
}

bool is_segment(ZydisRegister which) { return within(which, ZYDIS_REGISTER_ES, ZYDIS_REGISTER_GS); }

SegmentNumber segment_number(ZydisRegister which) {
    return static_cast<SegmentNumber>(which - ZYDIS_REGISTER_ES);
}

} // namespace

std::uint32_t Processor::general(std::uint32_t number) const {
    return static_cast<std::uint32_t>(state.general[number]);
}

void Processor::set_general(std::uint32_t number, std::uint32_t size, std::uint32_t value) {
    state.general[number] = (general(number) & ~mask_of(size)) | (value & mask_of(size));
}

std::uint32_t Processor::offset(const ZydisDecodedOperandMem& memory) const {
    auto sum = static_cast<std::uint32_t>(memory.disp.value);
    if (memory.base != ZYDIS_REGISTER_NONE)
        sum += general(general_register(memory.base).number);
    if (memory.index != ZYDIS_REGISTER_NONE)
        sum += general(general_register(memory.index).number) * memory.scale;
    return sum & mask_of(instruction.address_width / 8U);
}

Place Processor::locate(std::uint32_t operand) {
    const ZydisDecodedOperand& decoded = operands[operand];
    Place result{.size = decoded.size / 8U};
    if (decoded.type == ZYDIS_OPERAND_TYPE_REGISTER) {
        result.which = decoded.reg.value;
    } else if (decoded.type == ZYDIS_OPERAND_TYPE_MEMORY && is_segment(decoded.mem.segment)) {
        result.segment = segment_number(decoded.mem.segment);
        result.offset = offset(decoded.mem);
    } else {
        refuse("an operand that is not known");
    }
    return result;
}

Place Processor::place(std::uint32_t operand) {
    const Place result = locate(operand);
    if (result.size != 1 && result.size != 2 && result.size != 4)
        refuse("an operand of unusual size");
    return result;
}

std::uint32_t Processor::read(const Place& place) {
    if (place.which == ZYDIS_REGISTER_NONE)
        return read_memory(place.segment, place.offset, place.size);
    if (is_segment(place.which))
        return state.segment(segment_number(place.which)).selector;
    const RegisterOperand general_part = general_register(place.which);
    if (general_part.number == no_register)
        return read_control(place.which);
    const std::uint32_t whole = general(general_part.number);
    return (general_part.high_byte ? whole >> 8 : whole) & mask_of(place.size);
}

void Processor::write(const Place& place, std::uint32_t value) {
    if (refusal != nullptr)
        return;
    const RegisterOperand general_part = general_register(place.which);
    if (place.which == ZYDIS_REGISTER_NONE) {
        write_memory(place.segment, place.offset, place.size, value);
    } else if (is_segment(place.which)) {
        load_segment(segment_number(place.which), static_cast<std::uint16_t>(value));
    } else if (general_part.number == no_register) {
        write_control(place.which, value);
    } else if (general_part.high_byte) {
        const std::uint32_t whole = general(general_part.number);
        set_general(general_part.number, 4, (whole & ~0xFF00U) | (value & 0xFF) << 8);
    } else {
        set_general(general_part.number, place.size, value);
    }
}

void Processor::replace(const Place& place, std::uint32_t old, std::uint32_t value) {
    if (place.which != ZYDIS_REGISTER_NONE) {
        write(place, value);
        return;
    }
    const std::uint32_t address = linear(place.segment, place.offset, place.size, true);
    if (refusal == nullptr)
        replace_linear(address, place.size, old, value);
}

std::uint32_t Processor::value(std::uint32_t operand) {
    if (operands[operand].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return static_cast<std::uint32_t>(operands[operand].imm.value.u);
    return read(place(operand));
}

std::uint32_t Processor::read_memory(SegmentNumber segment, std::uint32_t offset,
                                     std::uint32_t size) {
    const std::uint32_t address = linear(segment, offset, size, false);
    return static_cast<std::uint32_t>(read_linear(address, size));
}

void Processor::write_memory(SegmentNumber segment, std::uint32_t offset, std::uint32_t size,
                             std::uint32_t value) {
    const std::uint32_t address = linear(segment, offset, size, true);
    write_linear(address, size, value);
}

} // namespace hv::startup
