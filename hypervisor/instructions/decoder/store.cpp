#include "hypervisor/instructions/decoder/store.h"

#include "hypervisor/x86/rflags.h"
#include "hypervisor/x86/status_flags.h"

namespace hv {

namespace {

using status_flag::operand_mask;

constexpr std::uint8_t accumulator = 0;
constexpr std::uint8_t destination_index = 7;

std::uint64_t read_register(GuestRegisters& registers, RegisterOperand operand,
                            std::uint32_t size) {
    const std::uint64_t value = registers[operand.number];
    return (operand.high_byte ? value >> 8 : value) & operand_mask(size);
}

// A 32-bit write clears the upper half (Intel manual, volume 1, section 3.4.1.1).
void write_register(GuestRegisters& registers, RegisterOperand operand, std::uint32_t size,
                    std::uint64_t value) {
    std::uint64_t& target = registers[operand.number];
    value &= operand_mask(size);
    if (size >= 4) {
        target = value;
    } else if (operand.high_byte) {
        target = (target & ~std::uint64_t{0xFF00}) | value << 8;
    } else {
        target = (target & ~operand_mask(size)) | value;
    }
}

/// A store that is being executed: its operands cut to size, and a reference to the flags.
struct Execution {
    const Store& store;
    std::uint64_t old_value;
    std::uint64_t source;
    GuestRegisters& registers;
    std::uint64_t& rflags;

    void set_flags(std::uint64_t value, std::uint64_t which = status_flag::all) {
        rflags = (rflags & ~which) | (value & which);
    }

    std::uint64_t carry() const { return rflags & status_flag::carry; }

    std::uint64_t logical(std::uint64_t result) {
        set_flags(status_flag::of_result(result, store.size));
        return result;
    }

    std::uint64_t add(std::uint64_t second, std::uint64_t carry_in,
                      std::uint64_t which = status_flag::all) {
        const std::uint64_t result = (old_value + second + carry_in) & operand_mask(store.size);
        set_flags(status_flag::of_addition(old_value, second, result, store.size), which);
        return result;
    }

    std::uint64_t subtract(std::uint64_t first, std::uint64_t second, std::uint64_t borrow_in,
                           std::uint64_t which = status_flag::all) {
        const std::uint64_t result = (first - second - borrow_in) & operand_mask(store.size);
        set_flags(status_flag::of_subtraction(first, second, result, store.size), which);
        return result;
    }

    std::uint64_t exchange(std::uint64_t new_value) {
        write_register(registers, store.source, store.size, old_value);
        return new_value;
    }

    std::uint64_t compare_and_exchange() {
        const RegisterOperand compared{accumulator};
        subtract(read_register(registers, compared, store.size), old_value, 0);
        if ((rflags & status_flag::zero) != 0) {
            return source;
        }
        write_register(registers, compared, store.size, old_value);
        return old_value; // The processor writes it back, too.
    }

    std::uint64_t bit() const { return std::uint64_t{1} << (source & (store.size * 8U - 1)); }

    std::uint64_t change_bit(std::uint64_t result) {
        set_flags((old_value & bit()) != 0 ? status_flag::carry : 0, status_flag::carry);
        return result;
    }

    std::uint64_t store_string() {
        const std::uint64_t step = store.size;
        std::uint64_t& pointer = registers[destination_index];
        pointer = (rflags & hv::rflags::direction) != 0 ? pointer - step : pointer + step;
        return source;
    }

    std::uint64_t run() {
        constexpr std::uint64_t but_carry = status_flag::all & ~status_flag::carry;
        switch (store.operation) {
        case StoreOperation::replace:
            return source;
        case StoreOperation::bitwise_and:
            return logical(old_value & source);
        case StoreOperation::bitwise_or:
            return logical(old_value | source);
        case StoreOperation::bitwise_xor:
            return logical(old_value ^ source);
        case StoreOperation::add:
            return add(source, 0);
        case StoreOperation::add_with_carry:
            return add(source, carry());
        case StoreOperation::subtract:
            return subtract(old_value, source, 0);
        case StoreOperation::subtract_with_borrow:
            return subtract(old_value, source, carry());
        case StoreOperation::increment:
            return add(1, 0, but_carry);
        case StoreOperation::decrement:
            return subtract(old_value, 1, 0, but_carry);
        case StoreOperation::complement:
            return ~old_value;
        case StoreOperation::negate:
            return subtract(0, old_value, 0);
        case StoreOperation::exchange:
            return exchange(source);
        case StoreOperation::exchange_and_add:
            return exchange(add(source, 0));
        case StoreOperation::compare_and_exchange:
            return compare_and_exchange();
        case StoreOperation::bit_set:
            return change_bit(old_value | bit());
        case StoreOperation::bit_reset:
            return change_bit(old_value & ~bit());
        case StoreOperation::bit_complement:
            return change_bit(old_value ^ bit());
        case StoreOperation::store_string:
            return store_string();
        }
        return old_value;
    }
};

} // namespace

bool reads_memory(const Store& store) {
    return store.operation != StoreOperation::replace &&
           store.operation != StoreOperation::store_string;
}

bool uses_flags(const Store& store) {
    return store.operation != StoreOperation::replace &&
           store.operation != StoreOperation::complement &&
           store.operation != StoreOperation::exchange;
}

bool uses_stack_pointer(const Store& store) {
    return store.source.number == rsp_number && !store.source.high_byte;
}

std::uint64_t linear_address(const Store& store, GuestRegisters& registers, std::uint64_t rip,
                             std::uint64_t segment_base) {
    const AddressOperand& operand = store.address;
    auto address = static_cast<std::uint64_t>(operand.displacement);
    if (operand.base == instruction_pointer) {
        address += rip + store.length;
    } else if (operand.base != no_register) {
        address += registers[operand.base];
    }
    if (operand.index != no_register) {
        address += registers[operand.index] * operand.scale;
    }
    if (operand.is_32_bit) {
        address &= operand_mask(4);
    }
    return operand.segment == SegmentOverride::none ? address : address + segment_base;
}

std::uint64_t apply(const Store& store, std::uint64_t old_value, GuestRegisters& registers,
                    std::uint64_t& rflags) {
    const std::uint64_t source = store.source.number == no_register
                                     ? store.immediate & operand_mask(store.size)
                                     : read_register(registers, store.source, store.size);
    Execution execution{store, old_value & operand_mask(store.size), source, registers, rflags};
    return execution.run() & operand_mask(store.size);
}

} // namespace hv
