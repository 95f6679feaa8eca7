// GDTR_IDTR and LDTR_TR: LGDT, LIDT, LLDT, LTR and their storing counterparts (profile `hardened`).

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/registers/descriptor_registers.h"
#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/vcpu/numbered_register.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/segment_registers.h"
#include "hypervisor/vmx/instruction_information.h"

#include <bit>

namespace hv {

namespace {

using abi::Error;

// The linear address of the operand; the exit qualification is its displacement (SDM vol. 3,
// 28.2.1), which for RIP-relative operands already includes RIP.
std::uint64_t operand_address(Vcpu& vcpu, MemoryOperandInformation operand) {
    std::uint64_t address = vcpu.vmcs.read(Field::exit_qualification);
    if (operand.has_base())
        address += read_register(vcpu, operand.base_register());
    if (operand.has_index())
        address += read_register(vcpu, operand.index_register()) * operand.scaling();
    if (operand.address_size() == 32)
        address &= 0xFFFFFFFF;
    if (operand.segment_register() == SegmentNumber::fs)
        address += vcpu.vmcs.read(Field::guest_fs_base);
    else if (operand.segment_register() == SegmentNumber::gs)
        address += vcpu.vmcs.read(Field::guest_gs_base);
    return address;
}

// The operand cannot be accessed: injects the exception that the instruction would have raised.
void refuse_operand(Vcpu& vcpu, std::uint64_t linear, bool write, bool user) {
    if (is_canonical(linear))
        inject_page_fault(vcpu, linear, write, user, false);
    else
        inject_fault(vcpu, vector::general_protection);
}

// SGDT, SIDT, SLDT and STR may run in ring 3, and then write with its rights. They may not write a
// protected page, since their store is not judged.
bool store(Vcpu& vcpu, std::uint64_t linear, const std::uint8_t* bytes, std::uint32_t size) {
    const VirtualMachine& machine = *vcpu.machine;
    const bool user = current_privilege_level(vcpu) == 3;
    lock_page_tables(vcpu);
    switch (write_guest_linear(machine.memory, machine.frames, guest_cr3(vcpu), linear, bytes, size,
                               user)) {
    case GuestWrite::done:
        return true;
    case GuestWrite::not_mapped:
        refuse_operand(vcpu, linear, true, user);
        return false;
    case GuestWrite::protected_page:
        refuse_instruction(vcpu, Error::protected_page, "store of a descriptor register", linear);
        return false;
    }
    return false;
}

bool store_pseudo_descriptor(Vcpu& vcpu, std::uint64_t linear, abi::PseudoDescriptor value) {
    const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(value)>>(value);
    return store(vcpu, linear, bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

void load(Vcpu& vcpu, std::uint64_t linear, std::string_view what,
          Error (*set)(Vcpu&, const abi::PseudoDescriptor&)) {
    const auto value = read_pseudo_descriptor(vcpu, linear);
    if (!value)
        return refuse_operand(vcpu, linear, false, false);
    const Error error = set(vcpu, *value);
    if (error != Error::none)
        return refuse_instruction(vcpu, error, what, value->base);
    skip_instruction(vcpu);
}

} // namespace

void handle_gdtr_idtr(Vcpu& vcpu) {
    using Instruction = GdtrIdtrInformation::Instruction;
    const GdtrIdtrInformation information{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_instruction_information))};
    const std::uint64_t linear = operand_address(vcpu, information.memory());
    switch (information.instruction()) {
    case Instruction::lgdt:
        return load(vcpu, linear, "LGDT", set_guest_gdtr);
    case Instruction::lidt:
        return load(vcpu, linear, "LIDT", set_guest_idtr);
    case Instruction::sgdt:
        if (store_pseudo_descriptor(vcpu, linear, read_gdtr(vcpu)))
            skip_instruction(vcpu);
        return;
    case Instruction::sidt:
        if (store_pseudo_descriptor(vcpu, linear, read_idtr(vcpu)))
            skip_instruction(vcpu);
        return;
    }
}

void handle_ldtr_tr(Vcpu& vcpu) {
    using Instruction = LdtrTrInformation::Instruction;
    const LdtrTrInformation information{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_instruction_information))};
    const bool in_register = information.register_operand();
    const std::uint64_t linear = in_register ? 0 : operand_address(vcpu, information.memory());
    const Instruction instruction = information.instruction();

    if (instruction == Instruction::sldt || instruction == Instruction::str) {
        const auto value = static_cast<std::uint16_t>(
            vcpu.vmcs.read(instruction == Instruction::sldt ? Field::guest_ldtr_selector
                                                            : Field::guest_tr_selector));
        if (in_register) {
            // A 16-bit operand would leave the upper bits alone; kernels read 16 bits in either
            // case.
            write_register(vcpu, information.general_register(), value);
            return skip_instruction(vcpu);
        }
        const auto bytes = std::bit_cast<std::array<std::uint8_t, sizeof(value)>>(value);
        if (store(vcpu, linear, bytes.data(), sizeof(value)))
            skip_instruction(vcpu);
        return;
    }

    std::uint16_t selector = 0;
    if (in_register) {
        selector = static_cast<std::uint16_t>(read_register(vcpu, information.general_register()));
    } else {
        std::array<std::uint8_t, sizeof(selector)> bytes{};
        if (!read_guest_linear(vcpu.machine->memory, guest_cr3(vcpu), linear, bytes.data(),
                               sizeof(selector)))
            return refuse_operand(vcpu, linear, false, false);
        selector = std::bit_cast<std::uint16_t>(bytes);
    }
    const bool is_ltr = instruction == Instruction::ltr;
    const Error error = is_ltr ? set_guest_tr(vcpu, selector) : set_guest_ldtr(vcpu, selector);
    if (error != Error::none)
        return refuse_instruction(vcpu, error, is_ltr ? "LTR" : "LLDT", selector);
    skip_instruction(vcpu);
}

} // namespace hv
