#include "tests/fuzz/exit_states.h"

#include "hypervisor/registers/port_policy.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/rflags.h"
#include "shared/console.h"
#include "shared/cpuid_leaves.h"
#include "tests/fuzz/guest_mode.h"
#include "tests/fuzz/guest_values.h"

#include <array>

namespace hv::fuzz {

using abi::ExitReason;
using test::Machine;

namespace {

bool is_classic(FuzzMachine& machine) { return machine.vm().profile == abi::Profile::classic; }

/// Where the instruction lies.
std::uint64_t any_rip(Input& input, FuzzMachine& machine, Mode mode) {
    if (mode == Mode::user_compatibility)
        return input.flag() ? 0xFFFFFFFF - input.below(16) : input.take<std::uint32_t>();
    switch (input.below(4)) {
    case 0: // the last of the lower half, and of all
        return (input.flag() ? ~std::uint64_t{0} : (std::uint64_t{1} << 47) - 1) - input.below(16);
    case 1:
        return Machine::linear_base + any_gpa(input, machine);
    default:
        return machine.code_linear() + std::uint64_t{input.below(FuzzMachine::stores)} * 16;
    }
}

/// RFLAGS and blocking, as far as they fit together.
void set_flags(Input& input, FuzzMachine& machine) {
    constexpr std::uint64_t interrupt = 1 << 9;
    constexpr std::uint64_t arithmetic = 0x8D5;
    constexpr std::uint64_t others = 0x1 << 8 | interrupt | 0x1 << 10 | 0x3 << 12 | 0x1 << 14 |
                                     0x1 << 16 | 0x1 << 18 | 0x1 << 21;
    const std::uint64_t flags = input.take<std::uint32_t>() & (arithmetic | others);
    constexpr std::array<std::uint64_t, 4> blocking{0, 1, 2, 8}; // none, STI, MOV SS, NMI
    std::uint64_t state = blocking[input.below(blocking.size())];
    if (state == 1 && (flags & interrupt) == 0)
        state = 0;
    machine.field(Field::guest_rflags) = flags | rflags::always_one;
    machine.field(Field::guest_interruptibility_state) = state;
    machine.field(Field::guest_pending_debug_exceptions) = 0;
}

/// An event whose delivery the exit has interrupted, or none.
std::uint32_t any_vectoring(Input& input) {
    constexpr std::uint32_t undefined_bit = 1 << 12;
    const std::uint32_t undefined = input.flag() ? undefined_bit : 0;
    switch (input.below(8)) {
    case 0:
        return InterruptionInformation::exception(static_cast<std::uint8_t>(input.below(32))).raw |
               undefined;
    case 1:
        return InterruptionInformation::make(InterruptionType::external_interrupt,
                                             static_cast<std::uint8_t>(32 + input.below(224)),
                                             false)
                   .raw |
               undefined;
    case 2:
        return InterruptionInformation::make(InterruptionType::software_interrupt, input.byte(),
                                             false)
                   .raw |
               undefined;
    case 3:
        return InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false).raw |
               undefined;
    default:
        return 0;
    }
}

/// The state in which an event leaves the guest once its delivery has begun: an interrupt was not
/// blocked, and an NMI blocks others (SDM vol. 3, 28.1). In a step nothing is delivered except what
/// the instruction itself asks for.
void set_vectoring(Input& input, FuzzMachine& machine) {
    InterruptionInformation event{any_vectoring(input)};
    if (machine.vcpu().single_step.active && event.type() != InterruptionType::software_interrupt)
        event = {0};
    machine.field(Field::idt_vectoring_information) = event.raw;
    machine.field(Field::idt_vectoring_error_code) = input.below(8);
    if (!event.valid())
        return;
    if (event.type() == InterruptionType::external_interrupt) {
        machine.field(Field::guest_rflags) |= rflags::interrupt_enable;
        machine.field(Field::guest_interruptibility_state) = 0;
    } else if (event.type() == InterruptionType::nmi) {
        machine.field(Field::guest_interruptibility_state) = 8;
    }
}

std::uint64_t any_port(Input& input) {
    static constexpr std::array<std::uint16_t, 6> ports{
        keyboard_controller_command, system_control_a,     reset_control,
        abi::qemu_exit_port,         abi::bochs_exit_port, 0xCF8};
    constexpr std::array<std::uint32_t, 3> sizes{0, 1, 3};
    const std::uint64_t size = sizes[input.below(sizes.size())];
    // An access of several bytes exits for any of its ports.
    const std::uint64_t port = ports[input.below(ports.size())] - input.below(4);
    return port << 16 | (input.byte() & 0x78U) | size;
}

std::uint32_t any_msr(Input& input) {
    static constexpr std::array msrs{Msr::ia32_efer,
                                     Msr::ia32_apic_base,
                                     Msr::ia32_pat,
                                     Msr::ia32_debugctl,
                                     Msr::ia32_misc_enable,
                                     Msr::ia32_mtrr_def_type,
                                     Msr::ia32_feature_control,
                                     Msr::x2apic_command,
                                     Msr::ia32_vmx_basic,
                                     Msr::ia32_mtrr_physbase0};
    return input.flag() ? number(msrs[input.below(msrs.size())]) : input.take<std::uint32_t>();
}

/// EDX:EAX for MSRs and XCR0: what means something there, or anything.
std::uint64_t any_msr_value(Input& input, FuzzMachine& machine) {
    static constexpr std::array<std::uint64_t, 6> values{
        0xD01, 0x501, 0xFEE00D00, 0x0007040600070406, 0x1'0000'4500, 0x1'0000'4608};
    return input.flag() ? values[input.below(values.size())] : any_value(input, machine);
}

/// Instruction information of table accesses in 64-bit mode.
std::uint64_t any_operand(Input& input) {
    constexpr std::uint32_t address_size = 7U << 7;
    constexpr std::uint32_t segment = 7U << 15;
    const std::uint32_t sizes = (1 + input.below(2)) << 7; // 32 or 64 bits
    const std::uint32_t segments = input.below(6) << 15;
    return (input.take<std::uint32_t>() & ~(address_size | segment)) | sizes | segments;
}

void set_page_fault(Input& input, FuzzMachine& machine) {
    constexpr std::uint32_t codes = 0x17; // present, write, user, fetch
    machine.field(Field::exit_qualification) = any_value(input, machine);
    machine.field(Field::vm_exit_interruption_information) =
        InterruptionInformation::exception(vector::page_fault).raw;
    machine.field(Field::vm_exit_interruption_error_code) = input.byte() & codes;
}

ExitReason set_exception(Input& input, FuzzMachine& machine) {
    if (machine.vm().vcpu_count > 1 && input.below(4) == 0) {
        machine.field(Field::vm_exit_interruption_information) =
            InterruptionInformation::make(InterruptionType::nmi, vector::nmi, false).raw;
        machine.field(Field::idt_vectoring_information) = 0;
        return ExitReason::exception_nmi;
    }
    const bool stepped = machine.vcpu().single_step.active;
    if (is_classic(machine) && (!stepped || input.flag())) {
        set_page_fault(input, machine);
        return ExitReason::exception_nmi;
    }
    if (!stepped)
        return ExitReason::cpuid; // no exception exits
    machine.field(Field::exit_qualification) = any_value(input, machine);
    const auto vector = static_cast<std::uint8_t>(input.flag() ? vector::debug : input.below(20));
    machine.field(Field::vm_exit_interruption_information) =
        InterruptionInformation::exception(vector == vector::nmi ? vector::debug : vector).raw;
    machine.field(Field::vm_exit_interruption_error_code) = input.take<std::uint16_t>();
    return ExitReason::exception_nmi;
}

ExitReason set_ept_violation(Input& input, FuzzMachine& machine) {
    if (is_classic(machine))
        return set_exception(input, machine);
    constexpr std::uint64_t accesses = 7;
    constexpr std::uint64_t valid = 1 << 7;
    constexpr std::uint64_t translated = 1 << 8;
    std::uint64_t qualification = input.take<std::uint16_t>() & 0x11FF;
    qualification |= (qualification & accesses) == 0 ? 2 : 0;
    if ((qualification & valid) == 0)
        qualification &= ~translated;
    machine.field(Field::exit_qualification) = qualification;
    machine.field(Field::guest_physical_address) = any_value(input, machine) % (1ULL << 40);
    machine.field(Field::guest_linear_address) = any_value(input, machine);
    return ExitReason::ept_violation;
}

/// Exits that ring 3 can cause.
ExitReason any_user_exit(Input& input, FuzzMachine& machine) {
    static constexpr std::array reasons{ExitReason::cpuid, ExitReason::vmcall,
                                        ExitReason::gdtr_idtr, ExitReason::ldtr_tr,
                                        ExitReason::io_instruction};
    constexpr std::uint64_t instruction = 2; // of SGDT, SIDT, SLDT and STR this bit is 0
    switch (input.below(3)) {
    case 0:
        return set_ept_violation(input, machine);
    case 1:
        return set_exception(input, machine);
    default:
        break;
    }
    const ExitReason reason = reasons[input.below(reasons.size())];
    machine.field(Field::vm_exit_instruction_information) =
        any_operand(input) & ~(instruction << 28);
    machine.field(Field::exit_qualification) =
        reason == ExitReason::io_instruction ? any_port(input) : any_value(input, machine);
    return reason;
}

/// Exits of instructions that only ring 0 can execute, and those of the processor itself.
ExitReason any_kernel_exit(Input& input, FuzzMachine& machine) {
    static constexpr std::array reasons{
        ExitReason::cr_access, ExitReason::msr_read, ExitReason::msr_write,
        ExitReason::gdtr_idtr, ExitReason::ldtr_tr,  ExitReason::io_instruction,
        ExitReason::xsetbv,    ExitReason::invd,     ExitReason::invlpg,
        ExitReason::vmcall,    ExitReason::cpuid,    ExitReason::task_switch,
        ExitReason::vmon,      ExitReason::getsec,   ExitReason::cr_access,
        ExitReason::cr_access};
    switch (input.below(4)) {
    case 0:
        return set_ept_violation(input, machine);
    case 1:
        return set_exception(input, machine);
    default:
        break;
    }
    const ExitReason reason = input.below(64) == 0
                                  ? static_cast<ExitReason>(input.below(abi::exit_reason_limit + 2))
                                  : reasons[input.below(reasons.size())];
    std::uint64_t qualification = any_value(input, machine);
    if (reason == ExitReason::io_instruction)
        qualification = any_port(input);
    else if (reason == ExitReason::cr_access)
        qualification = input.take<std::uint32_t>() & 0xFFFF0F3B; // CR0, 3, 4 and 8
    machine.field(Field::exit_qualification) = qualification;
    machine.field(Field::vm_exit_instruction_information) = any_operand(input);
    const std::uint64_t value = any_msr_value(input, machine);
    GuestRegisters& registers = machine.vcpu().registers;
    if (reason == ExitReason::msr_read || reason == ExitReason::msr_write ||
        reason == ExitReason::xsetbv) {
        registers.rax = value & 0xFFFFFFFF;
        registers.rdx = value >> 32;
        registers.rcx = any_msr(input);
    }
    return reason;
}

} // namespace

ExitReason any_exit_state(Input& input, FuzzMachine& machine) {
    constexpr std::array modes{Mode::kernel, Mode::kernel, Mode::kernel, Mode::user,
                               Mode::user_compatibility};
    const Mode mode = modes[input.below(modes.size())];
    const bool stepped = machine.vcpu().single_step.active;
    if (!stepped) {
        enter_mode(machine, mode);
        set_flags(input, machine);
        machine.field(Field::guest_rip) = any_rip(input, machine, mode);
    }
    GuestRegisters& registers = machine.vcpu().registers;
    for (std::uint32_t count = input.below(4); count > 0; --count)
        registers[input.below(16)] = any_value(input, machine);
    machine.field(Field::guest_rsp) = registers.unused_rsp;
    machine.field(Field::vm_exit_instruction_length) = 1 + input.below(15);
    set_vectoring(input, machine);
    return mode == Mode::kernel ? any_kernel_exit(input, machine) : any_user_exit(input, machine);
}

} // namespace hv::fuzz
