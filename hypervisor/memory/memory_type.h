#pragma once
// The memory type the MTRRs give a physical range (SDM vol. 3, 12.11), so that EPT can repeat it.

#include "hypervisor/x86/msr.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv {

/// Encoded as in MTRRs, IA32_PAT and EPT entries (SDM vol. 3, table 12-2).
enum class MemoryType : std::uint8_t {
    uncacheable = 0,
    write_combining = 1,
    write_through = 4,
    write_protected = 5,
    write_back = 6,
};

inline constexpr std::uint32_t fixed_mtrr_count = 11;
/// IA32_MTRRCAP.VCNT is 8 bits wide, but the MSR numbers leave room for this many pairs only.
inline constexpr std::uint32_t variable_mtrr_limit = 40;

/// The fixed-range MTRRs in the order of the addresses they cover (SDM vol. 3, table 12-9).
inline constexpr std::array<Msr, fixed_mtrr_count> fixed_mtrrs{
    Msr::ia32_mtrr_fix64k_00000, Msr::ia32_mtrr_fix16k_80000, Msr::ia32_mtrr_fix16k_a0000,
    Msr::ia32_mtrr_fix4k_c0000,  Msr::ia32_mtrr_fix4k_c8000,  Msr::ia32_mtrr_fix4k_d0000,
    Msr::ia32_mtrr_fix4k_d8000,  Msr::ia32_mtrr_fix4k_e0000,  Msr::ia32_mtrr_fix4k_e8000,
    Msr::ia32_mtrr_fix4k_f0000,  Msr::ia32_mtrr_fix4k_f8000};

/// One variable range, as the two MSRs hold it (SDM vol. 3, 12.11.2.3).
struct VariableMtrr {
    std::uint64_t base; ///< IA32_MTRR_PHYSBASEn
    std::uint64_t mask; ///< IA32_MTRR_PHYSMASKn
};

/// The values of all MTRRs of one processor. Zeroed: a processor whose MTRRs are disabled.
struct Mtrrs {
    std::uint64_t capability = 0;   ///< IA32_MTRRCAP
    std::uint64_t default_type = 0; ///< IA32_MTRR_DEF_TYPE
    std::array<std::uint64_t, fixed_mtrr_count> fixed{};
    std::array<VariableMtrr, variable_mtrr_limit> variable{};

    /// How many of `variable` the processor has: IA32_MTRRCAP.VCNT, at most variable_mtrr_limit.
    [[nodiscard]] constexpr std::uint32_t variable_count() const {
        const auto count = static_cast<std::uint32_t>(capability & 0xFF);
        return count < variable_mtrr_limit ? count : variable_mtrr_limit;
    }
    /// IA32_MTRRCAP.FIX: the fixed-range registers exist.
    [[nodiscard]] constexpr bool has_fixed() const { return ((capability >> 8) & 1) != 0; }
    /// IA32_MTRR_DEF_TYPE.E: while clear, all memory is uncacheable.
    [[nodiscard]] constexpr bool enabled() const { return ((default_type >> 11) & 1) != 0; }
    /// The fixed ranges decide for the first mebibyte (E and FE both set).
    [[nodiscard]] constexpr bool fixed_enabled() const {
        return enabled() && has_fixed() && ((default_type >> 10) & 1) != 0;
    }
};

/// Reads all MTRRs. `read_msr` is called as std::uint64_t(Msr); CPUID.1:EDX.MTRR must be set.
template <typename ReadMsr>
constexpr Mtrrs read_mtrrs(ReadMsr read_msr) {
    Mtrrs mtrrs;
    mtrrs.capability = read_msr(Msr::ia32_mtrrcap);
    mtrrs.default_type = read_msr(Msr::ia32_mtrr_def_type);
    if (mtrrs.has_fixed())
        for (std::uint32_t i = 0; i < fixed_mtrr_count; ++i)
            mtrrs.fixed[i] = read_msr(fixed_mtrrs[i]);
    for (std::uint32_t i = 0; i < mtrrs.variable_count(); ++i)
        mtrrs.variable[i] = {read_msr(ia32_mtrr_physbase(i)), read_msr(ia32_mtrr_physmask(i))};
    return mtrrs;
}

/// The type of the 4 KiB page that holds a physical address, by the precedence rules of SDM vol. 3,
/// 12.11.4.1. Combinations the manual leaves undefined, and reserved encodings, give uncacheable:
/// the one type that is always correct, if slow.
[[nodiscard]] MemoryType memory_type_of_page(const Mtrrs& mtrrs, std::uint64_t physical_address);

/// The type of the 2 MiB page that starts at `physical_address` (a multiple of 2 MiB) when all of
/// it has one type; nullopt when it must be mapped by 4 KiB pages. SDM vol. 3, 12.11.9 forbids a
/// large page over several types.
[[nodiscard]] std::optional<MemoryType> memory_type_of_large_page(const Mtrrs& mtrrs,
                                                                  std::uint64_t physical_address);

/// The manual's abbreviation ("UC", "WC", "WT", "WP", "WB"), or "?" for a reserved encoding.
[[nodiscard]] const char* name(MemoryType type);

} // namespace hv
