#include "tests/fuzz/startup_run.h"

#include "hypervisor/instructions/interpreter/startup.h"
#include "hypervisor/x86/paging_mode.h"
#include "tests/fuzz/failure.h"
#include "tests/fuzz/guest_values.h"

#include <array>
#include <cstring>
#include <vector>

namespace hv::fuzz {

using ::fuzz::require;

namespace {

constexpr std::uint8_t vector = 8;
constexpr std::uint64_t code = std::uint64_t{vector} << 12;
constexpr std::uint64_t gdt = 0x9000;
constexpr std::uint64_t top_table = 0x200000; ///< maps the first 2 MiB one to one
constexpr StartupBudget budget{.instructions = 200, .elements = 2000};

/// Null, 32-bit code, data, 64-bit code, 16-bit code, and one of the input's.
void write_tables(Input& input, test::Machine& machine) {
    const std::uint64_t descriptors[]{0,
                                      0x00CF9A000000FFFF,
                                      0x00CF92000000FFFF,
                                      0x00AF9A000000FFFF,
                                      0x00009A000000FFFF,
                                      input.take<std::uint64_t>()};
    std::memcpy(direct_pointer(gdt), std::data(descriptors), sizeof(descriptors));
    machine.word(top_table) = (top_table + page_size) | 7;
    machine.word(top_table + page_size) = (top_table + 2 * page_size) | 7;
    machine.word(top_table + 2 * page_size) = 0x83;
}

/// Real mode, protected mode, or compatibility mode.
StartupState any_state(Input& input, FuzzMachine& machine) {
    StartupState state = after_sipi(vector);
    for (std::uint32_t count = input.below(4); count > 0; --count)
        state.general[input.below(16)] = any_value(input, machine) & 0xFFFFFFFF;
    const std::uint32_t mode = input.below(3);
    if (mode == 0)
        return state;
    state.gdtr = {6 * 8 - 1, gdt};
    state.cr0 |= cr0::protection_enable;
    state.segment(SegmentNumber::cs) = segment_from_descriptor(0x08, 0x00CF9B000000FFFF);
    for (const auto number : {SegmentNumber::ds, SegmentNumber::es, SegmentNumber::ss})
        state.segment(number) = segment_from_descriptor(0x10, 0x00CF93000000FFFF);
    state.rip = code;
    if (mode == 1)
        return state;
    state.cr0 |= cr0::paging;
    state.cr3 = top_table;
    state.cr4 = cr4::physical_address_extension;
    state.efer = efer::long_mode_enable | efer::long_mode_active;
    return state;
}

cpu::CpuidResult no_cpuid(Vcpu&, const StartupState&, std::uint32_t leaf, std::uint32_t subleaf) {
    return {leaf, subleaf, 0, 0};
}
std::optional<std::uint64_t> no_msr(Vcpu&, std::uint32_t) { return std::nullopt; }
bool no_msr_write(Vcpu&, std::uint32_t, std::uint64_t) { return false; }
std::uint32_t any_port(Vcpu&, std::uint16_t port, std::uint32_t) { return port; }
void no_port_write(Vcpu&, std::uint16_t, std::uint32_t, std::uint32_t) {}
bool may_write(Vcpu& vcpu, std::uint64_t gpa, std::uint32_t size) {
    require(size != 0 && gpa / page_size == (gpa + size - 1) / page_size,
            "a write that is asked for lies on one page");
    return !vcpu.machine->translation.is_protected(gpa);
}

using Page = std::array<std::uint8_t, page_size>;

/// The pages that the guest may not write: the kernel's descriptor tables.
std::vector<Page> protected_contents(FuzzMachine& machine) {
    std::vector<Page> contents;
    for (const std::uint64_t gpa : machine.pages())
        if (machine.vm().translation.is_protected(gpa))
            std::memcpy(contents.emplace_back().data(), direct_pointer(gpa), page_size);
    return contents;
}

} // namespace

void check_startup(Input& input) {
    FuzzMachine& machine = FuzzMachine::fresh(configurations.front());
    write_tables(input, machine.machine());
    StartupState state = any_state(input, machine);
    const auto bytes = input.take_bytes(256);
    std::memcpy(direct_pointer(code), bytes.data(), bytes.size());
    const StartupEnvironment environment{.memory = machine.vm().memory,
                                         .vcpu = machine.vcpu(),
                                         .cpuid = no_cpuid,
                                         .read_msr = no_msr,
                                         .write_msr = no_msr_write,
                                         .read_port = any_port,
                                         .write_port = no_port_write,
                                         .may_write = may_write};
    const std::vector<Page> before = protected_contents(machine);
    const StartupEnd end = run_startup(state, environment, budget);
    require(end.error == abi::Error::none || end.error == abi::Error::bad_start,
            "start-up code ends in 64-bit mode or is refused");
    require(end.reason != nullptr && end.code_size <= longest_instruction, "a refusal has a place");
    require(end.error != abi::Error::none || state.in_64_bit_mode(),
            "a start that succeeds is in 64-bit mode");
    require(protected_contents(machine) == before, "start-up code writes no protected page");
}

} // namespace hv::fuzz
