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

/// Encodings as VMREAD and VMWRITE take them (SDM vol. 3, table 25-21).
enum class Field : std::uint32_t {
#define LAZYHV_FIELD(name, encoding) name = (encoding),
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
#define LAZYHV_FIELD(name, encoding) {Field::name, #name},
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

/// An encoding from its parts, as the manual's appendix B gives it by section and index.
constexpr std::uint32_t field_encoding(FieldWidth width, FieldType type, std::uint32_t index,
                                       FieldAccess access = FieldAccess::full) {
    return static_cast<std::uint32_t>(width) << 13 | static_cast<std::uint32_t>(type) << 10 |
           index << 1 | static_cast<std::uint32_t>(access);
}

/// Whether the rows are in the manual's order (16-bit, 64-bit, 32-bit and natural-width fields;
/// within a width by type, then by index), whether encodings have no other bits, and whether the
/// names of guest-state and host-state fields say which they are.
constexpr bool field_list_is_ordered() {
    std::uint32_t last = 0;
    bool first = true;
    for (const FieldName& row : field_names) {
        const std::uint32_t code = encoding(row.field);
        if (code != field_encoding(width(row.field), type(row.field), index(row.field)) ||
            (!first && code <= last))
            return false;
        if (row.name.starts_with("host_") != (type(row.field) == FieldType::host_state))
            return false;
        if (row.name.starts_with("guest_") && type(row.field) == FieldType::control)
            return false;
        last = code;
        first = false;
    }
    return true;
}
static_assert(field_list_is_ordered());

// One field of each width and type.
static_assert(encoding(Field::virtual_processor_identifier) ==
              field_encoding(FieldWidth::word16, FieldType::control, 0));
static_assert(encoding(Field::guest_tr_selector) ==
              field_encoding(FieldWidth::word16, FieldType::guest_state, 7));
static_assert(encoding(Field::host_tr_selector) ==
              field_encoding(FieldWidth::word16, FieldType::host_state, 6));
static_assert(encoding(Field::ept_pointer) ==
              field_encoding(FieldWidth::word64, FieldType::control, 13));
static_assert(encoding(Field::guest_physical_address) ==
              field_encoding(FieldWidth::word64, FieldType::read_only, 0));
static_assert(encoding(Field::guest_ia32_efer) ==
              field_encoding(FieldWidth::word64, FieldType::guest_state, 3));
static_assert(encoding(Field::host_ia32_perf_global_ctrl) ==
              field_encoding(FieldWidth::word64, FieldType::host_state, 2));
static_assert(encoding(Field::secondary_processor_based_controls) ==
              field_encoding(FieldWidth::word32, FieldType::control, 15));
static_assert(encoding(Field::exit_reason) ==
              field_encoding(FieldWidth::word32, FieldType::read_only, 1));
static_assert(encoding(Field::vmx_preemption_timer_value) ==
              field_encoding(FieldWidth::word32, FieldType::guest_state, 23));
static_assert(encoding(Field::host_ia32_sysenter_cs) ==
              field_encoding(FieldWidth::word32, FieldType::host_state, 0));
static_assert(encoding(Field::cr3_target_value_3) ==
              field_encoding(FieldWidth::natural, FieldType::control, 7));
static_assert(encoding(Field::guest_linear_address) ==
              field_encoding(FieldWidth::natural, FieldType::read_only, 5));
static_assert(encoding(Field::guest_rip) ==
              field_encoding(FieldWidth::natural, FieldType::guest_state, 15));
static_assert(encoding(Field::host_rip) ==
              field_encoding(FieldWidth::natural, FieldType::host_state, 11));

} // namespace hv
