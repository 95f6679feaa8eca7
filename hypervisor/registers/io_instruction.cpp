// IO_INSTRUCTION: only the ports of registers/port_policy.h exit; all others are the guest's.

#include "hypervisor/registers/exit_handlers.h"
#include "hypervisor/registers/port_policy.h"
#include "hypervisor/registers/string_io.h"
#include "hypervisor/vcpu/breakpoints.h"
#include "hypervisor/vcpu/counters.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/exit_qualification.h"

namespace hv {

void handle_io_instruction(Vcpu& vcpu) {
    const IoInstruction access{vcpu.vmcs.read(Field::exit_qualification)};
    count_key(vcpu.statistics.port, access.port());
    if (access.string())
        return run_string_io(vcpu, access);
    const auto size = access.size();
    const std::uint64_t bits = size == 4 ? 0xFFFFFFFF : (std::uint64_t{1} << 8 * size) - 1;
    std::uint64_t& rax = vcpu.registers.rax;
    if (access.in()) {
        const std::uint64_t value = read_guest_port(access.port(), size) & bits;
        // A 32-bit result clears the upper half of RAX, smaller ones leave the rest alone.
        rax = size == 4 ? value : (rax & ~bits) | value;
    } else {
        write_guest_port(vcpu, access.port(), size, static_cast<std::uint32_t>(rax & bits));
    }
    note_port_access(vcpu, access.port(), size);
    skip_instruction(vcpu);
}

} // namespace hv
