#pragma once
// Calls that bypass the ROM: VMCALL itself, and the area that ROM and monitor share (docs/abi.md).
// For self-tests, hostile guests and measurements; the kernel itself uses the operations.

#include "guest/kernel/memory/layout.h"
#include "shared/call_number.h"
#include "shared/guest_physical_layout.h"
#include "shared/vcpu_area.h"

#include <cstdint>

namespace guest::paravirt {

/// This processor's area.
inline volatile abi::VcpuArea& vcpu_area() {
    return *linear_pointer<volatile abi::VcpuArea>(abi::vcpu_area_base);
}

/// Executes VMCALL with any number in RAX, and returns RAX. All other registers are kept.
inline std::uint64_t vmcall(std::uint64_t number, std::uint64_t first = 0, std::uint64_t second = 0,
                            std::uint64_t third = 0) {
    asm volatile("vmcall" : "+a"(number), "+D"(first), "+S"(second), "+d"(third) : : "memory");
    return number;
}
inline std::uint64_t vmcall(abi::Call call, std::uint64_t first = 0, std::uint64_t second = 0,
                            std::uint64_t third = 0) {
    return vmcall(static_cast<std::uint64_t>(call), first, second, third);
}

/// A call that does nothing. Like any VM exit, it drains the ring.
inline void empty_call() {
    auto call = static_cast<std::uint64_t>(abi::Call::empty);
    asm volatile("vmcall" : "+a"(call) : : "memory");
}

} // namespace guest::paravirt
