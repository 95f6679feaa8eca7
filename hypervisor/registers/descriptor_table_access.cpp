// GDTR_IDTR and LDTR_TR: LGDT, LIDT, LLDT, LTR and their storing counterparts (profile `hardened`).
// SGDT, SIDT, SLDT and STR may run in ring 3, and then write with its rights.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/instructions/decoder/store_decoder.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/registers/memory_operand.h"
#include "hypervisor/vcpu/numbered_register.h"
#include "hypervisor/vcpu/pause.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"

namespace hv {

namespace {

using abi::Error;

constexpr std::uint32_t base_offset = 2; ///< of the base in a pseudo-descriptor

// Outside 64-bit mode the base has 32 bits, whatever the operand size (SDM vol. 2, SGDT).
bool store_pseudo_descriptor(Vcpu& vcpu, const MemoryOperand& operand,
                             abi::PseudoDescriptor value) {
    if (!operand.store<std::uint16_t>(0, value.limit))
        return false;
    return in_64_bit_mode(vcpu)
               ? operand.store<std::uint64_t>(base_offset, value.base)
               : operand.store<std::uint32_t>(base_offset, static_cast<std::uint32_t>(value.base));
}

// Outside 64-bit mode the base has 32 bits, of which an operand size of 16 bits loads 24 (SDM vol.
// 2, LGDT). Which word is read first shows only where one of them faults, and the manual does not
// say: in 64-bit mode it is the base, as in Bochs.
std::optional<abi::PseudoDescriptor>
load_pseudo_descriptor(Vcpu& vcpu, const MemoryOperand& operand, bool operand_size_32) {
    if (in_64_bit_mode(vcpu)) {
        const auto base = operand.load<std::uint64_t>(base_offset);
        const auto limit = base ? operand.load<std::uint16_t>(0) : std::nullopt;
        return limit ? std::optional{abi::PseudoDescriptor{*limit, *base}} : std::nullopt;
    }
    constexpr std::uint32_t low_24 = 0xFFFFFF;
    const auto limit = operand.load<std::uint16_t>(0);
    const auto base = limit ? operand.load<std::uint32_t>(base_offset) : std::nullopt;
    if (!base)
        return std::nullopt;
    return abi::PseudoDescriptor{*limit, operand_size_32 ? *base : *base & low_24};
}

void load(Vcpu& vcpu, const std::optional<abi::PseudoDescriptor>& value, std::string_view what,
          Error (*set)(Vcpu&, const abi::PseudoDescriptor&)) {
    if (!value)
        return;
    const Error error = must_pause(vcpu) ? paused : set(vcpu, *value);
    if (error == paused)
        return (void)execute_again(vcpu);
    if (error != Error::none)
        return refuse_instruction(vcpu, error, what, value->base);
    skip_instruction(vcpu);
}

// Whether the operand of the instruction at RIP has 16 bits, which the instruction information does
// not say (SDM vol. 3, table 28-13).
bool has_16_bit_operand(Vcpu& vcpu) {
    constexpr std::uint8_t operand_size = 0x66;
    constexpr std::uint8_t opcode = 0x0F;
    constexpr std::uint8_t rex = 4; ///< the upper half of the byte
    constexpr std::uint8_t rex_w = 1 << 3;
    const Vmcs& vmcs = vcpu.vmcs;
    const bool is_64_bit = in_64_bit_mode(vcpu);
    const Segment code = read_segment(vcpu, static_cast<std::size_t>(SegmentNumber::cs));
    std::array<std::uint8_t, longest_instruction> bytes{};
    const std::uint32_t count =
        fetch_guest_code(vcpu.machine->memory, guest_cr3(vcpu),
                         vmcs.read(Field::guest_rip) + (is_64_bit ? 0 : code.base), bytes.data(),
                         static_cast<std::uint32_t>(bytes.size()));
    bool is_16_bit = !is_64_bit && !code.access_rights.default_operation_size();
    for (std::uint32_t index = 0; index < count && bytes[index] != opcode; ++index) {
        if (bytes[index] == operand_size)
            is_16_bit = is_64_bit || code.access_rights.default_operation_size();
        else if (is_64_bit && bytes[index] >> 4 == rex && (bytes[index] & rex_w) != 0)
            is_16_bit = false;
    }
    return is_16_bit;
}

// A register gets the selector with zeros above it, unless the operand has 16 bits.
void store_selector(Vcpu& vcpu, LdtrTrInformation information, std::uint16_t selector) {
    if (!information.register_operand()) {
        if (MemoryOperand{vcpu, information.memory()}.store<std::uint16_t>(0, selector))
            skip_instruction(vcpu);
        return;
    }
    const std::uint8_t number = information.general_register();
    const std::uint64_t upper =
        has_16_bit_operand(vcpu) ? read_register(vcpu, number) & ~std::uint64_t{0xFFFF} : 0;
    write_register(vcpu, number, upper | selector);
    skip_instruction(vcpu);
}

// The fault names the selector, as that of the instruction does (SDM vol. 2, LLDT and LTR).
void refuse_selector(Vcpu& vcpu, Error error, std::string_view what, std::uint16_t selector) {
    name_refusal(vcpu, error, what, selector);
    inject_fault(vcpu,
                 error == Error::not_present ? vector::segment_not_present
                                             : vector::general_protection,
                 selector & ~selector_error::mask);
}

} // namespace

void handle_gdtr_idtr(Vcpu& vcpu) {
    using Instruction = GdtrIdtrInformation::Instruction;
    const GdtrIdtrInformation information{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_instruction_information))};
    const MemoryOperand operand{vcpu, information.memory()};
    const auto load_operand = [&] {
        return load_pseudo_descriptor(vcpu, operand, information.operand_size_32());
    };
    switch (information.instruction()) {
    case Instruction::lgdt:
        return load(vcpu, load_operand(), "LGDT", set_guest_gdtr);
    case Instruction::lidt:
        return load(vcpu, load_operand(), "LIDT", set_guest_idtr);
    case Instruction::sgdt:
        if (store_pseudo_descriptor(vcpu, operand, read_gdtr(vcpu)))
            skip_instruction(vcpu);
        return;
    case Instruction::sidt:
        if (store_pseudo_descriptor(vcpu, operand, read_idtr(vcpu)))
            skip_instruction(vcpu);
        return;
    }
}

void handle_ldtr_tr(Vcpu& vcpu) {
    using Instruction = LdtrTrInformation::Instruction;
    const LdtrTrInformation information{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_instruction_information))};
    const Instruction instruction = information.instruction();
    if (instruction == Instruction::sldt || instruction == Instruction::str) {
        const Field source = instruction == Instruction::sldt ? Field::guest_ldtr_selector
                                                              : Field::guest_tr_selector;
        return store_selector(vcpu, information,
                              static_cast<std::uint16_t>(vcpu.vmcs.read(source)));
    }
    std::optional<std::uint16_t> selector;
    if (information.register_operand())
        selector = static_cast<std::uint16_t>(read_register(vcpu, information.general_register()));
    else
        selector = MemoryOperand{vcpu, information.memory()}.load<std::uint16_t>(0);
    if (!selector)
        return;
    const bool is_ltr = instruction == Instruction::ltr;
    const auto set = is_ltr ? set_guest_tr : set_guest_ldtr;
    const Error error = must_pause(vcpu) ? paused : set(vcpu, *selector);
    if (error == paused)
        return (void)execute_again(vcpu);
    if (error != Error::none)
        return refuse_selector(vcpu, error, is_ltr ? "LTR" : "LLDT", *selector);
    skip_instruction(vcpu);
}

} // namespace hv
