#include "hypervisor/apic/command_interception.h"

#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/processor/local_apic.h"
#include "hypervisor/vcpu/msr_bitmaps.h"

namespace hv {

namespace {

/// The low half of the interrupt command register (SDM vol. 3, 11.6.1).
struct Command {
    std::uint32_t raw;

    enum class Delivery : std::uint8_t { init = 5, startup = 6 };
    enum class Shorthand : std::uint8_t { none, self, all, others };

    Delivery delivery() const { return static_cast<Delivery>(raw >> 8 & 7); }
    std::uint8_t vector() const { return static_cast<std::uint8_t>(raw); }
    bool logical() const { return (raw >> 11 & 1) != 0; }
    /// INIT level de-assert, which only synchronizes arbitration IDs.
    bool is_deassert() const { return (raw >> 14 & 1) == 0 && (raw >> 15 & 1) != 0; }
    Shorthand shorthand() const { return static_cast<Shorthand>(raw >> 18 & 3); }
};

constexpr std::uint32_t xapic_broadcast = 0xFF;
constexpr std::uint32_t x2apic_broadcast = 0xFFFFFFFF;

bool is_for(const Vcpu& caller, const Vcpu& vcpu, Command command, std::uint32_t destination) {
    switch (command.shorthand()) {
    case Command::Shorthand::self:
        return vcpu.number == caller.number;
    case Command::Shorthand::all:
        return true;
    case Command::Shorthand::others:
        return vcpu.number != caller.number;
    case Command::Shorthand::none:
        break;
    }
    return vcpu.apic_id == destination || destination == xapic_broadcast ||
           destination == x2apic_broadcast;
}

void send(Vcpu& caller, Vcpu& vcpu, Command command) {
    if (command.delivery() == Command::Delivery::startup)
        post_start(caller, vcpu, command.vector());
    else if (!command.is_deassert())
        post_reset(caller, vcpu);
}

// Returns whether the command was INIT or SIPI. Kernels do not send these in logical destination
// mode; such a command reaches nobody.
bool carry_out(Vcpu& vcpu, Command command, std::uint32_t destination) {
    if (command.delivery() != Command::Delivery::init &&
        command.delivery() != Command::Delivery::startup)
        return false;
    const VirtualMachine& machine = *vcpu.machine;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        Vcpu& other = *machine.vcpus[number];
        if (!command.logical() && is_for(vcpu, other, command, destination))
            send(vcpu, other, command);
    }
    return true;
}

// In xAPIC mode WRMSR does not reach the APIC's registers (SDM vol. 3, 11.12.2).
bool is_in_x2apic_mode() {
    constexpr std::uint64_t x2apic_enabled = 1 << 10;
    std::uint64_t base = 0;
    return cpu::try_read_msr(number(Msr::ia32_apic_base), base) && (base & x2apic_enabled) != 0;
}

// When this returns, the change is in force on all vCPUs.
void set_interception(Vcpu& vcpu, bool exits) {
    VirtualMachine& machine = *vcpu.machine;
    if (machine.commands_exit == exits)
        return;
    machine.commands_exit = exits;
    set_command_exiting(machine.msr_bitmaps, exits);
    machine.translation.set_local_apic_writable(!exits);
    machine.stale.wait_for_others();
}

} // namespace

void intercept_commands(Vcpu& vcpu) { set_interception(vcpu, true); }

void pass_commands_if_all_run(Vcpu& vcpu) {
    const VirtualMachine& machine = *vcpu.machine;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        if (machine.vcpus[number]->waits_for_start != 0)
            return;
    lock_page_tables(vcpu);
    set_interception(vcpu, false);
}

bool is_intercepted_apic(const VirtualMachine& machine, std::uint64_t gpa) {
    return machine.commands_exit && align_down(gpa, page_size) == local_apic_base;
}

bool write_x2apic_command(Vcpu& vcpu, std::uint64_t value) {
    // The destination in the upper half; below, vector and delivery mode, destination mode, level
    // and trigger mode, shorthand (figure 11-28). The rest is reserved.
    constexpr std::uint64_t allowed = 0xFFFF'FFFF'000C'CFFF;
    if ((value & ~allowed) != 0 || !is_in_x2apic_mode())
        return false;
    const auto destination = static_cast<std::uint32_t>(value >> 32);
    const auto command = static_cast<std::uint32_t>(value);
    if (!carry_out(vcpu, {command}, destination))
        cpu::send_ipi(destination, command);
    return true;
}

void write_xapic(Vcpu& vcpu, std::uint32_t offset, std::uint32_t value) {
    if (offset == cpu::xapic_command_low &&
        carry_out(vcpu, {value}, cpu::read_xapic(cpu::xapic_command_high) >> 24))
        return;
    cpu::write_xapic(offset, value);
}

} // namespace hv
