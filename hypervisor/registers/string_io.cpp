// SDM vol. 2, INS and OUTS; vol. 3, 26.1.3: the VM exit comes before any fault of the memory
// operand.

#include "hypervisor/registers/string_io.h"

#include "hypervisor/registers/memory_operand.h"
#include "hypervisor/registers/port_policy.h"
#include "hypervisor/vcpu/breakpoints.h"
#include "hypervisor/vcpu/numbered_register.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/x86/rflags.h"

namespace hv {

namespace {

constexpr std::uint32_t counter = 1;
constexpr std::uint32_t source_index = 6;
constexpr std::uint32_t destination_index = 7;

/// A counter or index register, as wide as the addresses of the instruction.
class AddressRegister {
  public:
    AddressRegister(Vcpu& vcpu, std::uint32_t number, std::uint8_t address_size)
        : vcpu_{vcpu}, number_{number}, keeps_upper_bits_{address_size == 16},
          mask_{address_size == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << address_size) - 1} {}

    std::uint64_t read() const { return read_register(vcpu_, number_) & mask_; }
    void add(std::uint64_t distance) {
        const std::uint64_t old = read_register(vcpu_, number_);
        const std::uint64_t kept = keeps_upper_bits_ ? old & ~mask_ : 0;
        write_register(vcpu_, number_, kept | ((old + distance) & mask_));
    }

  private:
    Vcpu& vcpu_;
    std::uint32_t number_;
    bool keeps_upper_bits_; ///< a 32-bit result clears them, as everywhere
    std::uint64_t mask_;
};

template <MachineWord T>
bool input(const MemoryOperand& operand, std::uint16_t port) {
    return operand.may_store<T>(0) &&
           operand.store<T>(0, static_cast<T>(read_guest_port(port, sizeof(T))));
}

template <MachineWord T>
bool output(Vcpu& vcpu, const MemoryOperand& operand, std::uint16_t port) {
    const auto value = operand.load<T>(0);
    if (value)
        write_guest_port(vcpu, port, sizeof(T), *value);
    return value.has_value();
}

// False when the operand cannot be accessed: the fault has been injected.
template <MachineWord T>
bool transfer(Vcpu& vcpu, const MemoryOperand& operand, IoInstruction access) {
    return access.in() ? input<T>(operand, access.port()) : output<T>(vcpu, operand, access.port());
}

bool transfer(Vcpu& vcpu, const MemoryOperand& operand, IoInstruction access) {
    switch (access.size()) {
    case 1:
        return transfer<std::uint8_t>(vcpu, operand, access);
    case 2:
        return transfer<std::uint16_t>(vcpu, operand, access);
    default:
        return transfer<std::uint32_t>(vcpu, operand, access);
    }
}

// The instruction is met again, and a breakpoint on it is not (18.3.1.1). Without one RF is left
// alone: in the frame of an event before the next repetition processors have it set, Bochs has not.
void end_repetition(Vcpu& vcpu) {
    const std::uint64_t flags = vcpu.vmcs.read(Field::guest_rflags);
    end_instruction(vcpu, flags);
    if (has_breakpoint_on_instruction(vcpu))
        vcpu.vmcs.write(Field::guest_rflags, flags | rflags::resume);
}

} // namespace

void run_string_io(Vcpu& vcpu, IoInstruction access) {
    // Every processor that was seen fills the field, although it need not (A.1).
    if (!vcpu.machine->capabilities.basic.ins_outs_information())
        return refuse_instruction(vcpu, abi::Error::bad_value, "IO_INSTRUCTION", access.port());
    const StringIoInformation information{
        static_cast<std::uint32_t>(vcpu.vmcs.read(Field::vm_exit_instruction_information))};
    const std::uint8_t address_size = information.address_size();
    AddressRegister count{vcpu, counter, address_size};
    const std::uint64_t left = access.rep_prefixed() ? count.read() : 1;
    if (left == 0)
        return skip_instruction(vcpu);
    AddressRegister index{vcpu, access.in() ? destination_index : source_index, address_size};
    const SegmentNumber segment = access.in() ? SegmentNumber::es : information.segment_register();
    const MemoryOperand operand{vcpu, segment, address_size, index.read()};
    if (!transfer(vcpu, operand, access))
        return;
    note_port_access(vcpu, access.port(), access.size());
    const std::uint64_t size = access.size();
    const bool down = (vcpu.vmcs.read(Field::guest_rflags) & rflags::direction) != 0;
    index.add(down ? ~size + 1 : size);
    if (access.rep_prefixed())
        count.add(~std::uint64_t{0});
    if (left > 1)
        return end_repetition(vcpu);
    skip_instruction(vcpu);
}

} // namespace hv
