// Jumps, calls and returns.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/x86/status_flags.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t counter = 1; ///< ECX

std::uint32_t address_size(const Processor& processor) {
    return processor.instruction.address_width / 8U;
}

void jump_near(Processor& processor, std::uint32_t target) {
    processor.next = processor.width() == 2 ? target & 0xFFFF : target;
}

/// Where operand 0 leads: an immediate is relative to the next instruction.
std::uint32_t near_target(Processor& processor) {
    const std::uint32_t value = processor.value(0);
    const bool relative = processor.operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    return relative ? processor.next + value : value;
}

std::uint32_t count(const Processor& processor) {
    const std::uint32_t whole = processor.general(counter);
    return address_size(processor) == 2 ? whole & 0xFFFF : whole;
}

bool is_far(const Processor& processor) {
    return processor.instruction.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR;
}

/// Jumps to a far pointer in the instruction or in memory; the offset comes before the selector.
void jump_to_pointer(Processor& processor) {
    const ZydisDecodedOperand& operand = processor.operands[0];
    const std::uint32_t size = processor.width();
    if (operand.type == ZYDIS_OPERAND_TYPE_POINTER) {
        const std::uint32_t offset = operand.ptr.offset;
        processor.jump_far(operand.ptr.segment, size == 2 ? offset & 0xFFFF : offset);
        return;
    }
    const Place at = processor.locate(0);
    const std::uint32_t offset = processor.read_memory(at.segment, at.offset, size);
    const std::uint32_t selector = processor.read_memory(at.segment, at.offset + size, 2);
    processor.jump_far(static_cast<std::uint16_t>(selector), offset);
}

} // namespace

void jump(Processor& processor, std::uint32_t) {
    if (is_far(processor))
        jump_to_pointer(processor);
    else
        jump_near(processor, near_target(processor));
}

void jump_if(Processor& processor, std::uint32_t number) {
    if (status_flag::condition(processor.state.rflags, number))
        jump_near(processor, near_target(processor));
}

void jump_if_count_is_zero(Processor& processor, std::uint32_t) {
    if (count(processor) == 0)
        jump_near(processor, near_target(processor));
}

void loop(Processor& processor, std::uint32_t loop_while) {
    processor.set_general(counter, address_size(processor), processor.general(counter) - 1);
    const bool zero = (processor.state.rflags & status_flag::zero) != 0;
    const auto wanted = static_cast<LoopWhile>(loop_while);
    if (count(processor) != 0 && (wanted == LoopWhile::any || zero == (wanted == LoopWhile::zero)))
        jump_near(processor, near_target(processor));
}

void call(Processor& processor, std::uint32_t) {
    if (is_far(processor)) {
        processor.refuse("a call to another segment");
        return;
    }
    const std::uint32_t target = near_target(processor);
    processor.push(processor.next, processor.width());
    jump_near(processor, target);
}

void return_from_call(Processor& processor, std::uint32_t) {
    const std::uint32_t offset = processor.pop(processor.width());
    if (is_far(processor)) {
        const std::uint32_t selector = processor.pop(processor.width());
        processor.jump_far(static_cast<std::uint16_t>(selector), offset);
    } else {
        jump_near(processor, offset);
    }
    if (processor.has_operand(0))
        processor.discard(processor.value(0));
}

} // namespace hv::startup
