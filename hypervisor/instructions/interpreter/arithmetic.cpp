// Arithmetic and logic. hv::apply() computes; this file fetches operands and stores results.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/instructions/zydis_register.h"
#include "hypervisor/x86/status_flags.h"

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

/// Shifts by a count from 1 to 31, and sets the flags. AF is undefined, and so is OF unless the
/// count is 1.
std::uint32_t shifted(StartupState& state, Shift which, std::uint32_t old, std::uint32_t size,
                      unsigned count) {
    const unsigned unused = 64 - size * 8;
    const auto aligned = static_cast<std::int64_t>(std::uint64_t{old} << unused);
    const bool sign = aligned < 0;
    std::uint64_t result = 0;
    bool carry = false;
    bool overflow = false;
    if (which == Shift::left) {
        result = std::uint64_t{old} << count;
        carry = (result >> size * 8 & 1) != 0;
        overflow = carry != ((result & status_flag::sign_bit(size)) != 0);
    } else {
        const auto value = which == Shift::right ? std::int64_t{old} : aligned >> unused;
        result = static_cast<std::uint64_t>(value >> count);
        carry = (value >> (count - 1) & 1) != 0;
        overflow = which == Shift::right && sign;
    }
    result &= status_flag::operand_mask(size);
    state.rflags = (state.rflags & ~(status_flag::all & ~status_flag::auxiliary_carry)) |
                   status_flag::of_result(result, size) | (carry ? status_flag::carry : 0) |
                   (overflow ? status_flag::overflow : 0);
    return static_cast<std::uint32_t>(result);
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

void shift(Processor& processor, std::uint32_t which) {
    const Place place = processor.place(0);
    const std::uint32_t count = processor.value(1) & 31;
    const std::uint32_t old = processor.read(place);
    if (processor.refusal != nullptr || count == 0)
        return;
    processor.replace(place, old,
                      shifted(processor.state, static_cast<Shift>(which), old, place.size, count));
}

} // namespace hv::startup
