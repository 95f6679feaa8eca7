#pragma once
// What exit handlers count in addition to the exit itself.

#include "hypervisor/vcpu/vcpu.h"
#include "shared/statistics.h"

#include <cstdint>

namespace hv {

/// Counts `key`, an MSR or a port, in its own slot. When all slots are taken it is counted in the
/// last one, whose key is then ~0.
inline void count_key(abi::KeyedCount (&table)[abi::keyed_counts], std::uint32_t key) {
    for (std::uint32_t index = 0; index + 1 < abi::keyed_counts; ++index) {
        abi::KeyedCount& slot = table[index];
        if (slot.count == 0)
            slot.key = key;
        if (slot.key == key) {
            ++slot.count;
            return;
        }
    }
    table[abi::keyed_counts - 1].key = ~std::uint32_t{0};
    ++table[abi::keyed_counts - 1].count;
}

/// Counts an access to protected memory by what was done about it.
inline void count(Vcpu& vcpu, abi::MemoryAccess kind) {
    ++vcpu.statistics.memory[static_cast<std::uint32_t>(kind)];
}

inline void count(Vcpu& vcpu, abi::ControlRegisterAccess access) {
    ++vcpu.statistics.control_register[static_cast<std::uint32_t>(access)];
}

} // namespace hv
