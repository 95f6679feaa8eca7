#pragma once
// How a guest learns that it runs on lazyhv: the CPUID leaves that are reserved for hypervisors
// (docs/abi.md, "Finding the monitor").

#include <cstdint>

namespace abi {

/// EAX: the highest leaf; EBX, ECX, EDX: hypervisor_signature. Valid if CPUID.1:ECX[31] is set.
inline constexpr std::uint32_t cpuid_hypervisor_leaf = 0x40000000;
/// EAX: abi_version; EBX: Profile; ECX: Interface; EDX: where the statistics page is.
inline constexpr std::uint32_t cpuid_lazyhv_leaf = 0x40000001;
/// EAX: the number of vCPUs; EBX: the number of this one, counted from 0.
inline constexpr std::uint32_t cpuid_vcpu_leaf = 0x40000002;

/// "LazyhvLazyhv" as EBX, ECX and EDX hold it.
inline constexpr std::uint32_t hypervisor_signature[3] = {0x797A614C, 0x614C7668, 0x7668797A};

} // namespace abi
