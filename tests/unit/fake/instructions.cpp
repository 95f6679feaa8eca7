// The processor's instructions, done to the machine that is current.

#include "hypervisor/host/processor/instructions.h"

#include "hypervisor/host/processor/direct_map_exchange.h"
#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/host/processor/local_apic.h"
#include "hypervisor/x86/msr.h"
#include "shared/console.h"
#include "tests/unit/fake/current_machine.h"
#include "tests/unit/fake/machine.h"
#include "tests/unit/fake/time_stamp.h"

namespace hv {

namespace cpu {

using test::Machine;

void end_nmi_blocking() {}
std::uint32_t local_apic_id() { return 0; }
void send_ipi(std::uint32_t apic_id, std::uint32_t command) {
    Machine::current().ipis.emplace_back(apic_id, command);
    if (command == ipi::nmi)
        test::send_kick(apic_id);
}
std::uint32_t read_xapic(std::uint32_t offset) { return Machine::current().xapic[offset]; }
void write_xapic(std::uint32_t offset, std::uint32_t value) {
    Machine::current().xapic[offset] = value;
}

[[noreturn]] void vmcs_access_failed(Field field) {
    throw std::logic_error("VMCS field " + std::string(name(field)));
}
std::uint64_t vmread(Field field) { return Machine::current().fields[field]; }
void vmwrite(Field field, std::uint64_t value) { Machine::current().fields[field] = value; }
void invvpid(InvvpidType type, const InvvpidDescriptor& descriptor) {
    const std::uint64_t linear =
        type == InvvpidType::individual_address ? descriptor.linear_address : 0;
    Machine& machine = Machine::current();
    const test::Invalidated invalidated{test::Invalidated::By::invvpid,
                                        static_cast<std::uint64_t>(type), descriptor.vpid, linear,
                                        machine.vcpu().number};
    machine.invalidations.push_back(invalidated);
    if (const auto told = machine.on_invalidation.find(invalidated.processor);
        told != machine.on_invalidation.end())
        told->second(invalidated);
}
void invept(InveptType type, std::uint64_t) {
    Machine::current().invalidations.push_back({test::Invalidated::By::invept,
                                                static_cast<std::uint64_t>(type), 0, 0,
                                                Machine::current().vcpu().number});
}

CpuidResult cpuid(std::uint32_t leaf, std::uint32_t subleaf) {
    constexpr std::uint32_t address_widths = 48 << 8 | 40;
    if (Machine::current().processor)
        return Machine::current().processor(leaf, subleaf);
    const auto& leaves = Machine::current().cpuid;
    if (const auto found = leaves.find(leaf); found != leaves.end())
        return found->second;
    if (leaf == 0x80000000)
        return {0x80000008, 0, 0, 0};
    if (leaf == 0x80000008)
        return {address_widths, 0, 0, 0};
    // All features: what the monitor hides is then seen to be gone.
    return {~0U, ~0U, ~0U, ~0U};
}
std::uint64_t read_msr(std::uint32_t msr) { return Machine::current().msrs[msr]; }
void write_msr(std::uint32_t msr, std::uint64_t value) { Machine::current().msrs[msr] = value; }
bool try_read_msr(std::uint32_t msr, std::uint64_t& value) {
    const auto found = Machine::current().msrs.find(msr);
    if (found == Machine::current().msrs.end())
        return false;
    value = found->second;
    return true;
}
bool try_write_msr(std::uint32_t msr, std::uint64_t value) {
    auto& msrs = Machine::current().msrs;
    const auto found = msrs.find(msr);
    if (found == msrs.end())
        return false;
    found->second = value;
    return true;
}
bool try_xsetbv(std::uint32_t index, std::uint64_t value) { return index == 0 && (value & 1) != 0; }

void write_port8(std::uint16_t port, std::uint8_t value) {
    constexpr std::uint8_t divisor_latch_access = 0x80;
    std::uint8_t& line_control = Machine::current().line_control;
    if (port == abi::serial_port + 3)
        line_control = value;
    else if (port == abi::serial_port && (line_control & divisor_latch_access) == 0)
        Machine::current().console += static_cast<char>(value);
    else if (port < abi::serial_port || port > abi::serial_port + 7)
        Machine::current().port_writes.emplace_back(port, value);
}
std::uint8_t read_port8(std::uint16_t) {
    ++Machine::current().port_reads;
    return 0xFF;
}
void write_port16(std::uint16_t port, std::uint16_t value) {
    Machine::current().port_writes.emplace_back(port, value);
}
std::uint16_t read_port16(std::uint16_t) {
    ++Machine::current().port_reads;
    return 0xFFFF;
}
void write_port32(std::uint16_t port, std::uint32_t value) {
    Machine::current().port_writes.emplace_back(port, value);
}
std::uint32_t read_port32(std::uint16_t) {
    ++Machine::current().port_reads;
    return 0xFFFFFFFF;
}
std::uint64_t read_cr0() { return 0; }
bool exchange_in_direct_map(std::uint64_t first, std::uint64_t second, PageAllocator&) {
    Machine::current().exchange(first, second);
    return true;
}
std::uint64_t read_breakpoint_address(std::uint32_t number) {
    return Machine::current().breakpoints[number];
}
std::uint64_t read_cr2() { return Machine::current().cr2; }
std::uint64_t read_cr3() { return 0; }
std::uint64_t read_cr4() { return 0; }
void write_cr2(std::uint64_t value) { Machine::current().cr2 = value; }
std::uint32_t read_pkru() { return Machine::current().pkru; }
std::uint64_t read_tsc() { return test::time_stamp += test::ticks_a_reading; }
void write_back_caches() {}
[[noreturn]] void stop() { throw test::RunEnded(Machine::current().console); }

} // namespace cpu

} // namespace hv
