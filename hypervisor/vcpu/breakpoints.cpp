#include "hypervisor/vcpu/breakpoints.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/guest_state.h"

namespace hv {

namespace {

// The size in bytes that DR7 gives breakpoint `number` (SDM vol. 3, 18.2.4).
constexpr std::uint64_t size_of(std::uint64_t dr7, std::uint32_t number) {
    constexpr std::uint64_t sizes[]{1, 2, 8, 4};
    return sizes[dr7 >> (18 + 4 * number) & 3];
}

// Whether it stops data writes, or, for a read, data reads and writes (SDM vol. 3, 18.2.4).
constexpr bool stops(std::uint64_t dr7, std::uint32_t number, bool write) {
    const std::uint64_t kind = dr7 >> (16 + 4 * number) & 3;
    return (dr7 >> 2 * number & 3) != 0 && (kind == 3 || (write && kind == 1));
}

} // namespace

void note_access(Vcpu& vcpu, std::uint64_t dr7, std::uint64_t linear, std::uint32_t size,
                 bool write) {
    std::uint64_t met = 0;
    for (std::uint32_t number = 0; number < 4; ++number) {
        const std::uint64_t length = size_of(dr7, number);
        // The address is aligned to the size, whatever its low bits are.
        const std::uint64_t begin = cpu::read_breakpoint_address(number) & ~(length - 1);
        if (stops(dr7, number, write) && begin < linear + size && linear < begin + length)
            met |= std::uint64_t{1} << number;
    }
    if (met != 0) {
        vcpu.vmcs.write(Field::guest_pending_debug_exceptions,
                        vcpu.vmcs.read(Field::guest_pending_debug_exceptions) | met |
                            pending_debug::enabled_breakpoint);
    }
}

} // namespace hv
