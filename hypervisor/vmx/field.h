#pragma once
// VMCS fields: their encodings (SDM vol. 3, 25.11.2 and appendix B), widths, types and names.

#include "hypervisor/vmx/field_list.h"
#include "hypervisor/x86/bits.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hv {

/// Bits 14:13 of an encoding.
enum class FieldWidth : std::uint8_t { word16 = 0, word64 = 1, word32 = 2, natural = 3 };

/// Bits 11:10 of an encoding.
enum class FieldType : std::uint8_t { control = 0, read_only = 1, guest_state = 2, host_state = 3 };

/// Bit 0 of an encoding: `high` reaches bits 63:32 of a 64-bit field.
enum class FieldAccess : std::uint8_t { full = 0, high = 1 };

/// An encoding as VMREAD and VMWRITE take it (SDM vol. 3, table 25-21).
constexpr std::uint32_t field_encoding(FieldWidth width, FieldType type, std::uint32_t index,
                                       FieldAccess access = FieldAccess::full) {
    return static_cast<std::uint32_t>(width) << 13 | static_cast<std::uint32_t>(type) << 10 |
           index << 1 | static_cast<std::uint32_t>(access);
}

enum class Field : std::uint32_t {
#define LAZYHV_FIELD(name, width, type, index)                                                     \
    name = field_encoding(FieldWidth::width, FieldType::type, index),
    LAZYHV_VMCS_FIELDS(LAZYHV_FIELD)
#undef LAZYHV_FIELD
};

constexpr std::uint32_t encoding(Field field) { return static_cast<std::uint32_t>(field); }
constexpr FieldWidth width(Field field) {
    return static_cast<FieldWidth>(bits(encoding(field), 14, 13));
}
constexpr FieldType type(Field field) {
    return static_cast<FieldType>(bits(encoding(field), 11, 10));
}
/// Bits 9:1 of the encoding.
constexpr std::uint32_t index(Field field) {
    return static_cast<std::uint32_t>(bits(encoding(field), 9, 1));
}

struct FieldName {
    Field field;
    std::string_view name;
};

/// All fields with their names, in the manual's order.
inline constexpr auto field_names = std::to_array<FieldName>({
#define LAZYHV_FIELD(name, width, type, index) {Field::name, #name},
    LAZYHV_VMCS_FIELDS(LAZYHV_FIELD)
#undef LAZYHV_FIELD
});
inline constexpr std::size_t field_count = field_names.size();

/// The name of a field, or "unknown field".
constexpr std::string_view name(Field field) {
    for (const FieldName& row : field_names)
        if (row.field == field)
            return row.name;
    return "unknown field";
}

// One literal of the manual's per width and type.
static_assert(encoding(Field::virtual_processor_identifier) == 0x0000);
static_assert(encoding(Field::guest_tr_selector) == 0x080E);
static_assert(encoding(Field::host_tr_selector) == 0x0C0C);
static_assert(encoding(Field::ept_pointer) == 0x201A);
static_assert(encoding(Field::guest_physical_address) == 0x2400);
static_assert(encoding(Field::guest_ia32_efer) == 0x2806);
static_assert(encoding(Field::host_ia32_perf_global_ctrl) == 0x2C04);
static_assert(encoding(Field::secondary_processor_based_controls) == 0x401E);
static_assert(encoding(Field::exit_reason) == 0x4402);
static_assert(encoding(Field::vmx_preemption_timer_value) == 0x482E);
static_assert(encoding(Field::host_ia32_sysenter_cs) == 0x4C00);
static_assert(encoding(Field::cr3_target_value_3) == 0x600E);
static_assert(encoding(Field::guest_linear_address) == 0x640A);
static_assert(encoding(Field::guest_rip) == 0x681E);
static_assert(encoding(Field::host_rip) == 0x6C16);

} // namespace hv
