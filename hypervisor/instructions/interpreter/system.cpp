// CPUID, MSRs, descriptor-table registers, ports and single flags.

#include "hypervisor/instructions/interpreter/handlers.h"
#include "hypervisor/instructions/interpreter/processor.h"
#include "hypervisor/memory/guest_walk.h"

namespace hv::startup {

namespace {

constexpr std::uint32_t rax = 0;
constexpr std::uint32_t rcx = 1;
constexpr std::uint32_t rdx = 2;
constexpr std::uint32_t rbx = 3;

constexpr std::uint64_t efer_writable =
    efer::syscall_enable | efer::long_mode_enable | efer::execute_disable_enable;

void write_efer(Processor& processor, std::uint64_t value) {
    StartupState& state = processor.state;
    const bool enable_changes = ((state.efer ^ value) & efer::long_mode_enable) != 0;
    if ((value & ~(efer_writable | efer::long_mode_active)) != 0)
        processor.refuse("reserved bits of EFER");
    else if (state.paging() && enable_changes)
        processor.refuse("EFER.LME changed while paging");
    else
        state.efer = (state.efer & ~efer_writable) | (value & efer_writable);
}

/// The base of FS or GS, which is an MSR as well; null for every other MSR.
std::uint64_t* segment_base(StartupState& state, std::uint32_t msr) {
    if (msr == number(Msr::ia32_fs_base))
        return &state.segment(SegmentNumber::fs).base;
    if (msr == number(Msr::ia32_gs_base))
        return &state.segment(SegmentNumber::gs).base;
    return nullptr;
}

/// The port of IN and OUT: an immediate byte, or DX.
std::uint16_t port_of(Processor& processor, std::uint32_t operand) {
    return static_cast<std::uint16_t>(processor.value(operand));
}

abi::PseudoDescriptor read_table_register(Processor& processor) {
    const Place at = processor.locate(0);
    const std::uint32_t limit = processor.read_memory(at.segment, at.offset, 2);
    const std::uint32_t base = processor.read_memory(at.segment, at.offset + 2, 4);
    return {static_cast<std::uint16_t>(limit), processor.width() == 2 ? base & 0xFFFFFF : base};
}

} // namespace

void do_nothing(Processor&, std::uint32_t) {}

void set_flag(Processor& processor, std::uint32_t flag) { processor.state.rflags |= flag; }

void clear_flag(Processor& processor, std::uint32_t flag) {
    processor.state.rflags &= ~std::uint64_t{flag};
}

void complement_flag(Processor& processor, std::uint32_t flag) { processor.state.rflags ^= flag; }

void identify(Processor& processor, std::uint32_t) {
    const StartupEnvironment& environment = processor.environment;
    const cpu::CpuidResult result = environment.cpuid(
        environment.vcpu, processor.state, processor.general(rax), processor.general(rcx));
    processor.set_general(rax, 4, result.eax);
    processor.set_general(rbx, 4, result.ebx);
    processor.set_general(rcx, 4, result.ecx);
    processor.set_general(rdx, 4, result.edx);
}

void read_msr(Processor& processor, std::uint32_t) {
    const std::uint32_t msr = processor.general(rcx);
    std::optional<std::uint64_t> value;
    if (msr == number(Msr::ia32_efer))
        value = processor.state.efer;
    else if (const std::uint64_t* base = segment_base(processor.state, msr); base != nullptr)
        value = *base;
    else
        value = processor.environment.read_msr(processor.environment.vcpu, msr);
    if (!value) {
        processor.refuse("an MSR that cannot be read");
        return;
    }
    processor.set_general(rax, 4, static_cast<std::uint32_t>(*value));
    processor.set_general(rdx, 4, static_cast<std::uint32_t>(*value >> 32));
}

void write_msr(Processor& processor, std::uint32_t) {
    const std::uint32_t msr = processor.general(rcx);
    const std::uint64_t value =
        std::uint64_t{processor.general(rdx)} << 32 | processor.general(rax);
    if (msr == number(Msr::ia32_efer)) {
        write_efer(processor, value);
    } else if (std::uint64_t* base = segment_base(processor.state, msr); base != nullptr) {
        if (is_canonical(value))
            *base = value;
        else
            processor.refuse("a segment base that is not canonical");
    } else if (!processor.environment.write_msr(processor.environment.vcpu, msr, value)) {
        processor.refuse("an MSR that cannot be written");
    }
}

void load_gdtr(Processor& processor, std::uint32_t) {
    processor.state.gdtr = read_table_register(processor);
}

void load_idtr(Processor& processor, std::uint32_t) {
    processor.state.idtr = read_table_register(processor);
}

void load_status_word(Processor& processor, std::uint32_t) {
    // PE, MP, EM and TS; LMSW does not clear PE.
    constexpr std::uint32_t loaded = 0xE;
    const std::uint32_t old = processor.read_control(ZYDIS_REGISTER_CR0);
    const std::uint32_t value = processor.value(0);
    processor.write_control(ZYDIS_REGISTER_CR0, (old & ~loaded) | (value & 0xF));
}

void store_status_word(Processor& processor, std::uint32_t) {
    processor.write(processor.place(0), processor.read_control(ZYDIS_REGISTER_CR0));
}

void read_time_stamp(Processor& processor, std::uint32_t) {
    const std::uint64_t value = cpu::read_tsc();
    processor.set_general(rax, 4, static_cast<std::uint32_t>(value));
    processor.set_general(rdx, 4, static_cast<std::uint32_t>(value >> 32));
}

void input(Processor& processor, std::uint32_t) {
    const StartupEnvironment& environment = processor.environment;
    const Place accumulator = processor.place(0);
    const std::uint16_t port = port_of(processor, 1);
    processor.write(accumulator, environment.read_port(environment.vcpu, port, accumulator.size));
}

void output(Processor& processor, std::uint32_t) {
    const StartupEnvironment& environment = processor.environment;
    const Place accumulator = processor.place(1);
    const std::uint16_t port = port_of(processor, 0);
    environment.write_port(environment.vcpu, port, accumulator.size, processor.read(accumulator));
}

} // namespace hv::startup
