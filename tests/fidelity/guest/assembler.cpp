#include "tests/fidelity/guest/assembler.h"

#include "tests/fidelity/guest/tables.h"

namespace fidelity {
namespace {

constexpr std::uint8_t rex_prefix = 0x40;
constexpr std::uint8_t rex_w = 8;
constexpr std::uint8_t operand_size_prefix = 0x66;
constexpr std::uint8_t address_size_prefix = 0x67;
constexpr std::uint8_t prefix_fs = 0x64;
constexpr std::uint8_t prefix_gs = 0x65;
constexpr std::uint32_t no_register = 16;

bool fits_in_32_bits(std::uint64_t value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(
               static_cast<std::int32_t>(static_cast<std::uint32_t>(value)))) == value;
}

} // namespace

void Assembler::begin_instruction() {
    setup_size_ = 0;
    main_size_ = 0;
    used_registers_ = 0;
    relative_at_ = 0;
    may_have_prefix_ = true;
}

bool Assembler::finish_instruction() {
    if (case_.code_size + setup_size_ + main_size_ + 2 > case_.code.size())
        return false;
    if (relative_at_ != 0) {
        const std::uint64_t end = case_.code_begin + case_.code_size + setup_size_ + main_size_;
        const std::uint64_t displacement = relative_to_ - end;
        for (std::uint32_t index = 0; index < 4; ++index)
            main_[relative_at_ + index] = static_cast<std::uint8_t>(displacement >> (8 * index));
    }
    for (std::uint32_t index = 0; index < setup_size_; ++index)
        case_.code[case_.code_size++] = setup_[index];
    if (case_.instruction_count < case_.instruction_offsets.size())
        case_.instruction_offsets[case_.instruction_count++] = case_.code_size;
    for (std::uint32_t index = 0; index < main_size_; ++index)
        case_.code[case_.code_size++] = main_[index];
    return true;
}

void Assembler::require(std::uint32_t number, std::uint64_t value) {
    used_registers_ |= 1U << number;
    if (!is_64_bit())
        value &= 0xFFFFFFFF;
    if (is_first_) {
        case_.general[number] = value;
        return;
    }
    const std::uint32_t size = is_64_bit() ? 8 : 4;
    if (setup_size_ + size + 2 > setup_.size())
        return;
    if (is_64_bit())
        setup_[setup_size_++] = static_cast<std::uint8_t>(rex_prefix | rex_w | number >> 3);
    if (case_.mode.bits == 16)
        setup_[setup_size_++] = operand_size_prefix;
    setup_[setup_size_++] = static_cast<std::uint8_t>(0xB8 + (number & 7));
    for (std::uint32_t index = 0; index < size; ++index)
        setup_[setup_size_++] = static_cast<std::uint8_t>(value >> (8 * index));
}

std::uint32_t Assembler::any_register() {
    for (;;) {
        const auto number = static_cast<std::uint32_t>(random_.below(is_64_bit() ? 16 : 8));
        if (number == rsp || (used_registers_ >> number & 1) != 0)
            continue;
        used_registers_ |= 1U << number;
        return number;
    }
}

void Assembler::redundant_prefix() {
    constexpr std::uint8_t known[] = {
        0x26, 0x2E, 0x36, 0x3E, prefix_fs, prefix_gs, operand_size_prefix, address_size_prefix,
        0xF0, 0xF2, 0xF3};
    const bool wanted = random_.chance(12);
    const std::uint8_t prefix = random_.one_of(known);
    if (wanted && may_have_prefix_ && case_.takes(feature_prefixes))
        byte(prefix);
}

void Assembler::prefixes(const Encoding& encoding, std::uint8_t segment, bool narrow_address) {
    redundant_prefix();
    if (segment != 0)
        byte(segment);
    if (narrow_address)
        byte(address_size_prefix);
    if (encoding.vex)
        return;
    const bool is_16_bit = case_.mode.bits == 16;
    const bool other_size = is_16_bit ? encoding.size >= 4 : encoding.size == 2;
    if (other_size && !encoding.fixed_size && encoding.mandatory != operand_size_prefix)
        byte(operand_size_prefix);
    if (encoding.mandatory != 0)
        byte(encoding.mandatory);
}

void Assembler::rex(const Encoding& encoding, std::uint32_t reg, std::uint32_t index,
                    std::uint32_t base) {
    if (encoding.vex)
        return vex(*encoding.vex, reg, index, base);
    if (!is_64_bit())
        return;
    std::uint32_t bits = (reg >> 3 & 1) << 2 | (index >> 3 & 1) << 1 | (base >> 3 & 1);
    if (encoding.size == 8 && !encoding.fixed_size)
        bits |= rex_w;
    if (bits != 0)
        byte(static_cast<std::uint8_t>(rex_prefix | bits));
}

void Assembler::opcode(const Encoding& encoding) {
    for (std::uint32_t index = 0; index < encoding.opcode.size; ++index)
        byte(encoding.opcode.byte[index]);
}

void Assembler::number(std::uint64_t value, std::uint32_t size) {
    for (std::uint32_t index = 0; index < size; ++index)
        byte(static_cast<std::uint8_t>(value >> (8 * index)));
}

void Assembler::immediate(const Encoding& encoding) {
    number(encoding.immediate, encoding.immediate_size);
}

void Assembler::plain(const Encoding& encoding) {
    prefixes(encoding, 0, false);
    rex(encoding, 0, 0, 0);
    opcode(encoding);
    immediate(encoding);
}

void Assembler::with_registers(const Encoding& encoding, std::uint32_t reg, std::uint32_t rm) {
    prefixes(encoding, 0, false);
    rex(encoding, reg, 0, rm);
    opcode(encoding);
    byte(mod_rm(3, reg, rm));
    immediate(encoding);
}

std::uint64_t Assembler::segment_base(std::uint8_t segment, bool is_stack) const {
    if (is_64_bit())
        return segment == prefix_fs ? case_.fs_base : segment == prefix_gs ? case_.gs_base : 0;
    if (case_.mode.real) {
        const std::uint16_t paragraph = segment == prefix_fs   ? case_.fs
                                        : segment == prefix_gs ? case_.gs
                                        : is_stack             ? case_.ss
                                                               : case_.ds;
        return std::uint64_t{paragraph} << 4;
    }
    const std::uint16_t selector = segment == prefix_fs   ? case_.fs
                                   : segment == prefix_gs ? case_.gs
                                   : is_stack             ? case_.ss
                                                          : case_.ds;
    return selector == based_data ? data_base : 0;
}

void Assembler::without_base(const Encoding& encoding, std::uint32_t reg, std::uint64_t offset,
                             std::uint64_t linear) {
    if (is_64_bit() && random_.chance(60)) {
        // Relative to RIP.
        prefixes(encoding, 0, false);
        rex(encoding, reg, 0, 0);
        opcode(encoding);
        byte(mod_rm(0, reg, 5));
        relative_at_ = main_size_;
        relative_to_ = linear;
        number(0, 4);
        immediate(encoding);
        return;
    }
    prefixes(encoding, 0, case_.mode.bits == 16);
    rex(encoding, reg, 0, 0);
    opcode(encoding);
    byte(mod_rm(0, reg, is_64_bit() ? 4 : 5));
    if (is_64_bit())
        byte(0x25);
    number(offset, 4);
    immediate(encoding);
}

void Assembler::with_base(const Encoding& encoding, std::uint32_t reg, std::uint64_t linear) {
    const std::uint64_t segment_choice = random_.below(100);
    const std::uint8_t segment = segment_choice < 8    ? prefix_fs
                                 : segment_choice < 14 ? prefix_gs
                                                       : std::uint8_t{0};
    const bool on_stack =
        is_first_ && !case_.mode.real && random_.chance(10) && (used_registers_ >> rsp & 1) == 0;
    const std::uint32_t base = on_stack ? std::uint32_t{rsp} : any_register();
    const bool has_index = random_.chance(25);
    const std::uint32_t index = has_index ? any_register() : no_register;
    const auto scale = static_cast<std::uint32_t>(random_.below(4));
    const auto mod = static_cast<std::uint32_t>(random_.below(3));
    const bool narrow = is_64_bit() && random_.chance(8);
    std::uint64_t displacement = 0;
    if (mod == 1)
        displacement = random_.next() & 0xFF;
    else if (mod == 2)
        displacement = random_.chance(50) ? random_.next() & 0xFFF : random_.next() & 0xFFFFFFFF;
    const std::uint64_t extended =
        mod == 1 ? static_cast<std::uint64_t>(static_cast<std::int8_t>(displacement))
                 : static_cast<std::uint64_t>(static_cast<std::int32_t>(displacement));
    // With mod 0, base 5 stands for no base.
    const std::uint32_t used_mod = mod == 0 && (base & 7) == 5 ? 1 : mod;
    const bool is_stack = base == rsp || base == rbp;
    std::uint64_t value = linear - segment_base(segment, is_stack) - extended;
    if (has_index) {
        const std::uint64_t index_value = random_.below(64);
        require(index, index_value);
        value -= index_value << scale;
    }
    if (narrow)
        value = (value & 0xFFFFFFFF) | random_.next() << 32;
    require(base, value);
    prefixes(encoding, segment, narrow || case_.mode.bits == 16);
    rex(encoding, reg, has_index ? index : 0, base);
    opcode(encoding);
    byte(mod_rm(used_mod, reg, has_index ? 4 : base));
    if (has_index)
        byte(mod_rm(scale, index, base));
    else if ((base & 7) == 4)
        byte(0x24);
    number(extended, used_mod == 0 ? 0 : used_mod == 1 ? 1 : 4);
    immediate(encoding);
}

void Assembler::with_memory(const Encoding& encoding, std::uint32_t reg, std::uint64_t linear) {
    if (is_first_)
        case_.target = linear;
    used_registers_ |= 1U << reg;
    const std::uint64_t offset = linear - segment_base(0, false);
    if (random_.chance(20) && fits_in_32_bits(offset) && fits_in_32_bits(linear))
        without_base(encoding, reg, offset, linear);
    else
        with_base(encoding, reg, linear);
}

void Assembler::with_operand(const Encoding& encoding, std::uint32_t reg, std::uint32_t size) {
    if (random_.chance(40))
        with_registers(encoding, reg, any_register());
    else
        with_memory(encoding, reg, any_target(size));
}

void Assembler::poke(std::uint64_t linear, std::uint64_t value, std::uint32_t size) {
    if (case_.poke_count == case_.pokes.size())
        return;
    Poke& poke = case_.pokes[case_.poke_count++];
    poke.linear = linear;
    poke.count = size;
    for (std::uint32_t index = 0; index < size; ++index)
        poke.bytes[index] = static_cast<std::uint8_t>(index < 8 ? value >> (8 * index) : 0);
}

std::uint64_t Assembler::end_of_case(std::uint16_t selector) const {
    const bool is_16_bit = selector == kernel_code_16 || selector == user_code_16;
    return slot_address(slot_code) + early_end_offset - (is_16_bit ? window_base : 0);
}

} // namespace fidelity
