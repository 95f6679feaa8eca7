#pragma once
// The guest's general registers by their numbers in exit qualifications and instruction
// information. RSP is in the VMCS, the others are where the exit stub saved them.

#include "hypervisor/vcpu/vcpu.h"

#include <cstdint>

namespace hv {

/// `number` is 0 to 15.
inline std::uint64_t read_register(Vcpu& vcpu, std::uint32_t number) {
    return number == rsp_number ? vcpu.vmcs.read(Field::guest_rsp) : vcpu.registers[number];
}

inline void write_register(Vcpu& vcpu, std::uint32_t number, std::uint64_t value) {
    if (number == rsp_number)
        vcpu.vmcs.write(Field::guest_rsp, value);
    else
        vcpu.registers[number] = value;
}

} // namespace hv
