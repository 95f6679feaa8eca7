#include "hypervisor/vcpu/breakpoints.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/guest_state.h"
#include "hypervisor/x86/control_register.h"

namespace hv {

namespace {

// The size in bytes that DR7 gives breakpoint `number` (SDM vol. 3, 18.2.4).
constexpr std::uint64_t size_of(std::uint64_t dr7, std::uint32_t number) {
    constexpr std::uint64_t sizes[]{1, 2, 8, 4};
    return sizes[dr7 >> (18 + 4 * number) & 3];
}

// R/W of breakpoint `number`: what it stops.
constexpr std::uint64_t kind_of(std::uint64_t dr7, std::uint32_t number) {
    return dr7 >> (16 + 4 * number) & 3;
}
constexpr std::uint64_t instructions = 0;
constexpr std::uint64_t data_writes = 1;
constexpr std::uint64_t ports = 2;
constexpr std::uint64_t data = 3;

enum class Access : std::uint8_t { read, write, port };

// Whether it stops such an access (SDM vol. 3, 18.2.4).
constexpr bool stops(std::uint64_t dr7, std::uint32_t number, Access access) {
    const std::uint64_t kind = kind_of(dr7, number);
    if ((dr7 >> 2 * number & 3) == 0)
        return false;
    if (access == Access::port)
        return kind == ports;
    return kind == data || (access == Access::write && kind == data_writes);
}

void note(Vcpu& vcpu, std::uint64_t dr7, std::uint64_t first, std::uint32_t size, Access access) {
    std::uint64_t met = 0;
    for (std::uint32_t number = 0; number < 4; ++number) {
        const std::uint64_t length = size_of(dr7, number);
        // The address is aligned to the size, whatever its low bits are.
        const std::uint64_t begin = cpu::read_breakpoint_address(number) & ~(length - 1);
        if (stops(dr7, number, access) && begin < first + size && first < begin + length)
            met |= std::uint64_t{1} << number;
    }
    if (met != 0) {
        vcpu.vmcs.write(Field::guest_pending_debug_exceptions,
                        vcpu.vmcs.read(Field::guest_pending_debug_exceptions) | met |
                            pending_debug::enabled_breakpoint);
    }
}

} // namespace

void note_access(Vcpu& vcpu, std::uint64_t dr7, std::uint64_t linear, std::uint32_t size,
                 bool write) {
    note(vcpu, dr7, linear, size, write ? Access::write : Access::read);
}

bool has_breakpoint_on_instruction(const Vcpu& vcpu) {
    const Vmcs& vmcs = vcpu.vmcs;
    const std::uint64_t dr7 = vmcs.read(Field::guest_dr7);
    if (!has_breakpoints(dr7))
        return false;
    const std::uint64_t rip = vmcs.read(Field::guest_rip);
    const std::uint64_t linear =
        in_64_bit_mode(vcpu) ? rip : (vmcs.read(Field::guest_cs_base) + rip) & 0xFFFFFFFF;
    for (std::uint32_t number = 0; number < 4; ++number)
        if (kind_of(dr7, number) == instructions && cpu::read_breakpoint_address(number) == linear)
            return true;
    return false;
}

void note_port_access(Vcpu& vcpu, std::uint16_t port, std::uint32_t size) {
    const std::uint64_t dr7 = vcpu.vmcs.read(Field::guest_dr7);
    if (has_breakpoints(dr7) && (guest_cr4(vcpu) & cr4::debugging_extensions) != 0)
        note(vcpu, dr7, port, size, Access::port);
}

} // namespace hv
