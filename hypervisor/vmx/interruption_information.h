#pragma once
// Interruption information: one layout for VM-entry injection (SDM vol. 3, 25.8.3), VM-exit events
// (25.9.2) and IDT vectoring (25.9.3).

#include "hypervisor/x86/bits.h"

#include <cstdint>

namespace hv {

enum class InterruptionType : std::uint8_t {
    external_interrupt = 0,
    reserved = 1,
    nmi = 2,
    hardware_exception = 3,
    software_interrupt = 4,
    privileged_software_exception = 5,
    software_exception = 6,
    other_event = 7,
};

/// Exception vectors (SDM vol. 3, table 6-1).
namespace vector {
inline constexpr std::uint8_t divide_error = 0;
inline constexpr std::uint8_t debug = 1;
inline constexpr std::uint8_t nmi = 2;
inline constexpr std::uint8_t breakpoint = 3;
inline constexpr std::uint8_t overflow = 4;
inline constexpr std::uint8_t invalid_opcode = 6;
inline constexpr std::uint8_t device_not_available = 7;
inline constexpr std::uint8_t double_fault = 8;
inline constexpr std::uint8_t invalid_tss = 10;
inline constexpr std::uint8_t segment_not_present = 11;
inline constexpr std::uint8_t stack_segment_fault = 12;
inline constexpr std::uint8_t general_protection = 13;
inline constexpr std::uint8_t page_fault = 14;
inline constexpr std::uint8_t alignment_check = 17;
inline constexpr std::uint8_t machine_check = 18;
inline constexpr std::uint8_t control_protection = 21;
} // namespace vector

/// Exceptions that push an error code, and so are injected with one (SDM vol. 3, 27.2.1.3).
constexpr bool has_error_code(std::uint8_t exception_vector) {
    constexpr std::uint64_t with_error_code =
        1ULL << vector::double_fault | 1ULL << vector::invalid_tss |
        1ULL << vector::segment_not_present | 1ULL << vector::stack_segment_fault |
        1ULL << vector::general_protection | 1ULL << vector::page_fault |
        1ULL << vector::alignment_check;
    return exception_vector < 64 && bit(with_error_code, exception_vector);
}

struct InterruptionInformation {
    std::uint32_t raw;

    static constexpr std::uint32_t deliver_error_code_bit = 1U << 11;
    static constexpr std::uint32_t valid_bit = 1U << 31;

    /// A valid event. with_error_code sets the bit that says that the error-code field is used.
    static constexpr InterruptionInformation make(InterruptionType type, std::uint8_t vector,
                                                  bool with_error_code) {
        return {valid_bit | static_cast<std::uint32_t>(type) << 8 | vector |
                (with_error_code ? deliver_error_code_bit : 0)};
    }
    /// A hardware exception, with an error code if its vector has one.
    static constexpr InterruptionInformation exception(std::uint8_t vector) {
        return make(InterruptionType::hardware_exception, vector, has_error_code(vector));
    }

    [[nodiscard]] constexpr std::uint8_t vector() const {
        return static_cast<std::uint8_t>(bits(raw, 7, 0));
    }
    [[nodiscard]] constexpr InterruptionType type() const {
        return static_cast<InterruptionType>(bits(raw, 10, 8));
    }
    /// VM entry: deliver an error code. VM exit and IDT vectoring: the error-code field is valid.
    [[nodiscard]] constexpr bool error_code() const { return bit(raw, 11); }
    /// VM exit only.
    [[nodiscard]] constexpr bool nmi_unblocking_due_to_iret() const { return bit(raw, 12); }
    [[nodiscard]] constexpr bool valid() const { return bit(raw, 31); }
};

} // namespace hv
