#include "hypervisor/host/processor/local_apic.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/spin_lock.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/x86/msr.h"

namespace hv::cpu {

namespace {

constexpr std::uint64_t x2apic_enabled = 1 << 10; ///< IA32_APIC_BASE
constexpr std::uint32_t id_register = 0x20;
constexpr std::uint32_t id_shift = 24;
constexpr std::uint32_t delivery_pending = 1 << 12;

bool in_x2apic_mode() { return (read_msr(number(Msr::ia32_apic_base)) & x2apic_enabled) != 0; }

volatile std::uint32_t& xapic(std::uint32_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(direct_pointer(local_apic_base + offset));
}

void wait_until_sent() {
    while ((xapic(xapic_command_low) & delivery_pending) != 0)
        pause();
}

} // namespace

std::uint32_t local_apic_id() {
    if (in_x2apic_mode())
        return static_cast<std::uint32_t>(read_msr(number(Msr::x2apic_id)));
    return xapic(id_register) >> id_shift;
}

void send_ipi(std::uint32_t apic_id, std::uint32_t command) {
    if (in_x2apic_mode()) {
        // This WRMSR does not serialize (SDM vol. 3, 11.12.3): earlier stores must be visible
        // first.
        asm volatile("mfence" : : : "memory");
        write_msr(number(Msr::x2apic_command), std::uint64_t{apic_id} << 32 | command);
        return;
    }
    wait_until_sent();
    const std::uint32_t guests = xapic(xapic_command_high);
    xapic(xapic_command_high) = apic_id << id_shift;
    xapic(xapic_command_low) = command;
    wait_until_sent();
    xapic(xapic_command_high) = guests;
}

std::uint32_t read_xapic(std::uint32_t offset) { return xapic(offset); }

void write_xapic(std::uint32_t offset, std::uint32_t value) { xapic(offset) = value; }

} // namespace hv::cpu
