#pragma once
// INIT and SIPI between the guest's processors. While a vCPU waits to be started, every write to an
// interrupt command register exits, and the monitor carries out these two itself: a vCPU that
// waits is not a processor in the wait-for-SIPI state. All other commands go to the local APIC
// unchanged. Once all vCPUs run, interrupts between them cost no exit.

#include <cstdint>

namespace hv {

struct Vcpu;
struct VirtualMachine;

/// This vCPU waits from now on. With the page tables locked.
void intercept_commands(Vcpu& vcpu);

/// This vCPU has started: when no other waits, commands no longer exit. With the page tables
/// locked.
void pass_commands_if_all_run(Vcpu& vcpu);

/// Whether a guest-physical address lies in the local APIC's page while its writes exit.
bool is_intercepted_apic(const VirtualMachine& machine, std::uint64_t gpa);

/// A write to the x2APIC's command register.
[[nodiscard]] bool write_x2apic_command(Vcpu& vcpu, std::uint64_t value);

/// A store of 4 bytes to a register of the xAPIC, at this offset in its page.
void write_xapic(Vcpu& vcpu, std::uint32_t offset, std::uint32_t value);

} // namespace hv
