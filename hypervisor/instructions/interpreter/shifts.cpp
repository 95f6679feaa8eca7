// Shifts and rotates. Counts are taken modulo 32, and a count of 0 changes nothing, flags included.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/x86/status_flags.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t count_mask = 31;

void set_flags(StartupState& state, std::uint64_t which, std::uint64_t value) {
    state.rflags = (state.rflags & ~which) | (value & which);
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

/// Rotates CF and the operand by a count from 1 to 31: ROL and ROR without CF, RCL and RCR with it.
/// OF is undefined unless the count is 1.
std::uint32_t rotated(StartupState& state, Rotate which, std::uint32_t old, std::uint32_t size,
                      unsigned count) {
    const bool with_carry = which == Rotate::left_with_carry || which == Rotate::right_with_carry;
    const bool left = which == Rotate::left || which == Rotate::left_with_carry;
    const unsigned bits = size * 8 + (with_carry ? 1 : 0);
    const std::uint64_t carry_in = with_carry ? state.rflags & status_flag::carry : 0;
    const std::uint64_t whole = std::uint64_t{old} | carry_in << size * 8;
    const unsigned by = count % bits;
    const unsigned to_left = left ? by : (bits - by) % bits;
    const std::uint64_t mask = (std::uint64_t{1} << bits) - 1;
    const std::uint64_t turned = (whole << to_left | whole >> (bits - to_left) % 64) & mask;
    const std::uint64_t sign = status_flag::sign_bit(size);
    const bool top = (turned & sign) != 0;
    bool carry = left ? (turned & 1) != 0 : top;
    if (with_carry)
        carry = (turned >> size * 8 & 1) != 0;
    const bool overflow = left ? top != carry : top != ((turned & sign >> 1) != 0);
    set_flags(state, status_flag::carry | status_flag::overflow,
              (carry ? status_flag::carry : 0) | (overflow ? status_flag::overflow : 0));
    return static_cast<std::uint32_t>(turned & status_flag::operand_mask(size));
}

/// Shifts bits of `source` in. The result of a 16-bit operand is undefined for counts above 16; AF
/// is, and so is OF unless the count is 1.
std::uint32_t shifted_with(StartupState& state, Shift which, std::uint32_t old,
                           std::uint32_t source, std::uint32_t size, unsigned count) {
    const unsigned bits = size * 8;
    const bool left = which == Shift::left;
    const std::uint64_t pair =
        left ? std::uint64_t{old} << bits | source : std::uint64_t{source} << bits | old;
    const std::uint64_t out = left ? pair >> (2 * bits - count) : pair >> (count - 1);
    const std::uint64_t result =
        (left ? pair << count >> bits : pair >> count) & status_flag::operand_mask(size);
    const bool overflow = ((result ^ old) & status_flag::sign_bit(size)) != 0;
    set_flags(state, status_flag::all & ~status_flag::auxiliary_carry,
              status_flag::of_result(result, size) | (out & 1) * status_flag::carry |
                  (overflow ? status_flag::overflow : 0));
    return static_cast<std::uint32_t>(result);
}

/// Replaces the first operand by what `operation` makes of it: (old value, size in bytes, count).
/// The count is the operand of this number.
template <typename Operation>
void replace_by_count(Processor& processor, std::uint32_t count_operand, Operation operation) {
    const Place place = processor.place(0);
    const std::uint32_t count = processor.value(count_operand) & count_mask;
    const std::uint32_t old = processor.read(place);
    if (processor.refusal == nullptr && count != 0)
        processor.replace(place, old, operation(old, place.size, count));
}

} // namespace

void shift(Processor& processor, std::uint32_t which) {
    replace_by_count(processor, 1, [&](std::uint32_t old, std::uint32_t size, unsigned count) {
        return shifted(processor.state, static_cast<Shift>(which), old, size, count);
    });
}

void rotate(Processor& processor, std::uint32_t which) {
    replace_by_count(processor, 1, [&](std::uint32_t old, std::uint32_t size, unsigned count) {
        return rotated(processor.state, static_cast<Rotate>(which), old, size, count);
    });
}

void shift_double(Processor& processor, std::uint32_t which) {
    const std::uint32_t source = processor.value(1);
    replace_by_count(processor, 2, [&](std::uint32_t old, std::uint32_t size, unsigned count) {
        return shifted_with(processor.state, static_cast<Shift>(which), old, source, size, count);
    });
}

} // namespace hv::startup
