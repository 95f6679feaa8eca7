#pragma once
// The guest's control registers: what may be written, and what the processor then holds.

#include "shared/error.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// Bits of CR0 (SDM vol. 3, 2.5).
namespace cr0 {
inline constexpr std::uint64_t protection_enable = 1 << 0;
inline constexpr std::uint64_t task_switched = 1 << 3;
inline constexpr std::uint64_t extension_type = 1 << 4;
inline constexpr std::uint64_t numeric_error = 1 << 5;
inline constexpr std::uint64_t write_protect = 1 << 16;
inline constexpr std::uint64_t not_write_through = 1 << 29;
inline constexpr std::uint64_t cache_disable = 1 << 30;
inline constexpr std::uint64_t paging = std::uint64_t{1} << 31;
} // namespace cr0

/// Bits of CR4.
namespace cr4 {
inline constexpr std::uint64_t physical_address_extension = 1 << 5;
inline constexpr std::uint64_t page_global_enable = 1 << 7;
inline constexpr std::uint64_t operating_system_fxsave = 1 << 9;
inline constexpr std::uint64_t operating_system_xmm_exceptions = 1 << 10;
inline constexpr std::uint64_t linear_address_57 = 1 << 12;
inline constexpr std::uint64_t vmx_enable = 1 << 13;
inline constexpr std::uint64_t smx_enable = 1 << 14;
inline constexpr std::uint64_t pcid_enable = 1 << 17;
inline constexpr std::uint64_t osxsave = 1 << 18;
inline constexpr std::uint64_t protection_key_enable = 1 << 22;
inline constexpr std::uint64_t control_flow_enforcement = 1 << 23;
} // namespace cr4

/// Bits of CR4 that change nothing the monitor answers for: the guest writes them without an exit.
/// VME, PVI, TSD, DE, PSE, MCE, PGE, PCE, OSFXSR, OSXMMEXCPT, UMIP, FSGSBASE, OSXSAVE.
inline constexpr std::uint64_t cr4_guest_owned = 0x0005'0FDF;

/// The registers as the guest reads them.
std::uint64_t guest_cr0(const Vcpu& vcpu);
std::uint64_t guest_cr4(const Vcpu& vcpu);

/// Gives the processor the CR0 that the guest believes it has.
void write_guest_cr0(Vcpu& vcpu);

/// CLTS.
void clear_task_switched(Vcpu& vcpu);

/// Each judges the value, then makes it the guest's. A guest stays in 64-bit mode.
/// Errors: bad_cr0.
abi::Error set_guest_cr0(Vcpu& vcpu, std::uint64_t value);
/// Errors: bad_cr3, root_lacks_kernel.
abi::Error set_guest_cr3(Vcpu& vcpu, std::uint64_t value);
/// Errors: bad_cr4.
abi::Error set_guest_cr4(Vcpu& vcpu, std::uint64_t value);

} // namespace hv
