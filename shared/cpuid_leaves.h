#pragma once
// How a guest learns that it runs on lazyhv: the hypervisor's CPUID leaves.

#include <cstdint>

namespace abi {

/// EAX: highest leaf; EBX, ECX, EDX: hypervisor_signature. Valid when CPUID.1:ECX[31] is set.
inline constexpr std::uint32_t cpuid_hypervisor_leaf = 0x40000000;
/// EAX: abi_version; EBX: Profile; ECX: Interface; EDX: GPA of the statistics page.
inline constexpr std::uint32_t cpuid_lazyhv_leaf = 0x40000001;
/// EAX: number of vCPUs; EBX: which of them this is, from 0.
inline constexpr std::uint32_t cpuid_vcpu_leaf = 0x40000002;

/// "LazyhvLazyhv" as the three registers hold it.
inline constexpr std::uint32_t hypervisor_signature[3] = {0x797A614C, 0x614C7668, 0x7668797A};

} // namespace abi
