#include "hypervisor/memory/memory_type.h"

#include "hypervisor/memory/layout.h"

namespace hv {
namespace {

constexpr std::uint64_t mebibyte = 0x100000;
constexpr std::uint64_t mtrr_address_bits = ~std::uint64_t{0xFFF};

MemoryType decode(std::uint64_t encoding) {
    switch (encoding & 0xFF) {
    case 1:
        return MemoryType::write_combining;
    case 4:
        return MemoryType::write_through;
    case 5:
        return MemoryType::write_protected;
    case 6:
        return MemoryType::write_back;
    default:
        return MemoryType::uncacheable;
    }
}

// Each fixed-range register holds eight one-byte types, lowest address in the lowest byte.
MemoryType fixed_type(const Mtrrs& mtrrs, std::uint64_t address) {
    std::uint64_t field = 0; // counted in bytes over all eleven registers
    if (address < 0x80000) {
        field = address / 0x10000;
    } else if (address < 0xC0000) {
        field = 8 + (address - 0x80000) / 0x4000;
    } else {
        field = 24 + (address - 0xC0000) / 0x1000;
    }
    return decode(mtrrs.fixed[field / 8] >> (field % 8 * 8));
}

bool valid(const VariableMtrr& range) { return ((range.mask >> 11) & 1) != 0; }

bool covers(const VariableMtrr& range, std::uint64_t address) {
    return ((address ^ range.base) & range.mask & mtrr_address_bits) == 0;
}

// SDM vol. 3, 12.11.4.1: what two overlapping variable ranges give.
MemoryType combine(MemoryType first, MemoryType second) {
    if (first == second)
        return first;
    const auto one_of = [&](MemoryType type) { return first == type || second == type; };
    if (one_of(MemoryType::write_through) && one_of(MemoryType::write_back))
        return MemoryType::write_through;
    return MemoryType::uncacheable; // by rule if one is UC; for all other pairs, our choice
}

// Some valid variable range covers a part, but not all, of the 2 MiB page.
bool cut_by_variable_range(const Mtrrs& mtrrs, std::uint64_t large_page) {
    constexpr std::uint64_t inner_bits = (large_page_size - 1) & mtrr_address_bits;
    for (std::uint32_t i = 0; i < mtrrs.variable_count(); ++i) {
        const VariableMtrr& range = mtrrs.variable[i];
        const bool touches = ((large_page ^ range.base) & range.mask & ~(large_page_size - 1)) == 0;
        if (valid(range) && touches && (range.mask & inner_bits) != 0)
            return true;
    }
    return false;
}

} // namespace

MemoryType memory_type_of_page(const Mtrrs& mtrrs, std::uint64_t physical_address) {
    if (!mtrrs.enabled())
        return MemoryType::uncacheable;
    if (mtrrs.fixed_enabled() && physical_address < mebibyte)
        return fixed_type(mtrrs, physical_address);
    std::optional<MemoryType> found;
    for (std::uint32_t i = 0; i < mtrrs.variable_count(); ++i) {
        const VariableMtrr& range = mtrrs.variable[i];
        if (!valid(range) || !covers(range, physical_address))
            continue;
        const MemoryType type = decode(range.base);
        if (type == MemoryType::uncacheable)
            return type; // takes precedence over every other type, and over pairs with no defined
                         // result
        found = found ? combine(*found, type) : type;
    }
    return found ? *found : decode(mtrrs.default_type);
}

std::optional<MemoryType> memory_type_of_large_page(const Mtrrs& mtrrs,
                                                    std::uint64_t physical_address) {
    const MemoryType first = memory_type_of_page(mtrrs, physical_address);
    const bool fixed = mtrrs.fixed_enabled() && physical_address < mebibyte;
    if (!mtrrs.enabled() || (!fixed && !cut_by_variable_range(mtrrs, physical_address)))
        return first;
    for (std::uint64_t offset = page_size; offset < large_page_size; offset += page_size)
        if (memory_type_of_page(mtrrs, physical_address + offset) != first)
            return std::nullopt;
    return first;
}

const char* name(MemoryType type) {
    switch (type) {
    case MemoryType::uncacheable:
        return "UC";
    case MemoryType::write_combining:
        return "WC";
    case MemoryType::write_through:
        return "WT";
    case MemoryType::write_protected:
        return "WP";
    case MemoryType::write_back:
        return "WB";
    }
    return "?";
}

} // namespace hv
