#include "hypervisor/registers/known_msrs.h"

#include "hypervisor/memory/memory_type.h"
#include "hypervisor/vcpu/msr_bitmaps.h"
#include "hypervisor/x86/bits.h"

#include <algorithm>

namespace hv {

namespace {

/// IA32_MCG_CAP.MCG_CTL_P: IA32_MCG_CTL exists.
constexpr unsigned mcg_ctl_present = 8;

constexpr MsrRange x2apic_msrs{Msr::x2apic_first, Msr::x2apic_last};

// The memory types that an MTRR may have (SDM vol. 3, table 12-8).
constexpr bool is_mtrr_type(std::uint64_t type) {
    switch (static_cast<MemoryType>(type & 0xFF)) {
    case MemoryType::uncacheable:
    case MemoryType::write_combining:
    case MemoryType::write_through:
    case MemoryType::write_protected:
    case MemoryType::write_back:
        return true;
    }
    return false;
}

bool is_fixed_mtrr(std::uint32_t msr) {
    return std::any_of(fixed_mtrrs.begin(), fixed_mtrrs.end(),
                       [msr](Msr fixed) { return number(fixed) == msr; });
}

template <typename Msrs>
bool is_one_of(const Msrs& msrs, std::uint32_t msr) {
    return std::any_of(msrs.begin(), msrs.end(), [msr](Msr known) { return number(known) == msr; });
}

} // namespace

bool is_bank_msr(std::uint32_t msr, std::uint64_t mcg_cap) {
    constexpr std::uint32_t first = number(Msr::ia32_mc0_ctl);
    const std::uint32_t banks = std::min<std::uint32_t>(mcg_cap & 0xFF, 32);
    return msr >= first && msr < first + 4 * banks;
}

bool is_mtrr(std::uint32_t msr, std::uint64_t mtrr_capability) {
    const Mtrrs mtrrs{.capability = mtrr_capability};
    constexpr std::uint32_t first = number(Msr::ia32_mtrr_physbase0);
    if (msr >= first && msr < first + 2 * mtrrs.variable_count())
        return true;
    return msr == number(Msr::ia32_mtrr_def_type) || (mtrrs.has_fixed() && is_fixed_mtrr(msr));
}

bool is_mtrr_value(std::uint32_t msr, std::uint64_t value, std::uint8_t physical_address_bits) {
    const std::uint64_t address = mask(physical_address_bits - 1U, 12);
    if (msr == number(Msr::ia32_mtrr_def_type)) {
        constexpr std::uint64_t type_enables = 0xFF | 0b11 << 10; // E, FE
        return (value & ~type_enables) == 0 && is_mtrr_type(value);
    }
    if (is_fixed_mtrr(msr)) {
        for (unsigned shift = 0; shift < 64; shift += 8)
            if (!is_mtrr_type(value >> shift))
                return false;
        return true;
    }
    if (((msr - number(Msr::ia32_mtrr_physbase0)) & 1) == 0)
        return (value & ~(address | 0xFF)) == 0 && is_mtrr_type(value);
    constexpr std::uint64_t valid = 1 << 11;
    return (value & ~(address | valid)) == 0;
}

bool is_readable_msr(std::uint32_t msr, std::uint64_t mcg_cap, std::uint64_t mtrr_capability) {
    if (msr == number(Msr::ia32_mcg_ctl))
        return bit(mcg_cap, mcg_ctl_present);
    return std::any_of(readable_msrs.begin(), readable_msrs.end(),
                       [msr](const MsrRange& range) { return range.contains(msr); }) ||
           is_one_of(passed_msrs, msr) || is_one_of(read_only_msrs, msr) ||
           x2apic_msrs.contains(msr) || is_bank_msr(msr, mcg_cap) || is_mtrr(msr, mtrr_capability);
}

} // namespace hv
