// Arithmetic and logic. hv::apply() computes; this file fetches operands and stores results.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/instructions/zydis_register.h"

namespace hv::startup {

namespace {

/// The operation on operand 0, with the operands after it as its source.
Store operation_of(Processor& processor, std::uint32_t operation, std::uint32_t size) {
    Store store;
    store.operation = static_cast<StoreOperation>(operation);
    store.size = static_cast<std::uint8_t>(size);
    const ZydisDecodedOperand& source = processor.operands[1];
    if (!processor.has_operand(1))
        return store;
    if (source.type == ZYDIS_OPERAND_TYPE_REGISTER)
        store.source = general_register(source.reg.value);
    else
        store.immediate = processor.value(1);
    return store;
}

std::uint32_t result_of(Processor& processor, const Store& store, std::uint32_t old) {
    if (processor.refusal != nullptr)
        return 0;
    StartupState& state = processor.state;
    return static_cast<std::uint32_t>(apply(store, old, state.general, state.rflags));
}

/// The word that a bit operation changes: a bit offset in a register may reach beyond the operand.
/// The operation and the offset in the word go to `store`.
Place word_of_bit(Processor& processor, std::uint32_t operation, Store& store) {
    Place place = processor.place(0);
    store.operation = static_cast<StoreOperation>(operation);
    store.size = static_cast<std::uint8_t>(place.size);
    store.immediate = processor.value(1);
    const bool in_register = processor.operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER;
    if (in_register && place.which == ZYDIS_REGISTER_NONE) {
        const auto wide = static_cast<std::int32_t>(store.immediate);
        const std::int32_t bytes =
            place.size == 2 ? (static_cast<std::int16_t>(wide) >> 4) * 2 : (wide >> 5) * 4;
        place.offset += static_cast<std::uint32_t>(bytes);
        place.offset &= processor.instruction.address_width == 16 ? 0xFFFF : ~0U;
    }
    return place;
}

} // namespace

void operate(Processor& processor, std::uint32_t operation) {
    const Place place = processor.place(0);
    const Store store = operation_of(processor, operation, place.size);
    const std::uint32_t old = processor.read(place);
    processor.replace(place, old, result_of(processor, store, old));
}

void operate_and_drop(Processor& processor, std::uint32_t operation) {
    const Place place = processor.place(0);
    const Store store = operation_of(processor, operation, place.size);
    result_of(processor, store, processor.read(place));
}

void change_bit(Processor& processor, std::uint32_t operation) {
    Store store;
    const Place place = word_of_bit(processor, operation, store);
    const std::uint32_t old = processor.read(place);
    processor.replace(place, old, result_of(processor, store, old));
}

void test_bit(Processor& processor, std::uint32_t operation) {
    Store store;
    const Place place = word_of_bit(processor, operation, store);
    result_of(processor, store, processor.read(place));
}

} // namespace hv::startup
