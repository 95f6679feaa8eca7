#pragma once
// Exit qualifications, one type each (SDM vol. 3, 28.2.1): named views of the raw word.

#include "hypervisor/x86/bits.h"

#include <cstdint>

namespace hv {

/// Control-register accesses (table 28-3).
struct CrAccess {
    enum class Type : std::uint8_t { mov_to_cr, mov_from_cr, clts, lmsw };

    std::uint64_t raw;

    /// 0 (also for CLTS and LMSW), 3, 4 or 8.
    [[nodiscard]] constexpr std::uint8_t control_register() const {
        return static_cast<std::uint8_t>(bits(raw, 3, 0));
    }
    [[nodiscard]] constexpr Type type() const { return static_cast<Type>(bits(raw, 5, 4)); }
    /// LMSW only: the operand is in memory (its linear address is in the VMCS), not a register.
    [[nodiscard]] constexpr bool lmsw_memory_operand() const { return bit(raw, 6); }
    /// MOV CR only: 0 RAX, 1 RCX, 2 RDX, 3 RBX, 4 RSP, 5 RBP, 6 RSI, 7 RDI, 8 to 15 R8 to R15.
    [[nodiscard]] constexpr std::uint8_t general_register() const {
        return static_cast<std::uint8_t>(bits(raw, 11, 8));
    }
    /// LMSW only: the source operand's 16 bits.
    [[nodiscard]] constexpr std::uint16_t lmsw_source_data() const {
        return static_cast<std::uint16_t>(bits(raw, 31, 16));
    }
};

/// MOV DR (table 28-4).
struct DrAccess {
    std::uint64_t raw;

    [[nodiscard]] constexpr std::uint8_t debug_register() const {
        return static_cast<std::uint8_t>(bits(raw, 2, 0));
    }
    /// True for MOV from DR, false for MOV to DR.
    [[nodiscard]] constexpr bool mov_from_dr() const { return bit(raw, 4); }
    /// As CrAccess::general_register.
    [[nodiscard]] constexpr std::uint8_t general_register() const {
        return static_cast<std::uint8_t>(bits(raw, 11, 8));
    }
};

/// I/O instructions (table 28-5).
struct IoInstruction {
    std::uint64_t raw;

    /// Size of the access in bytes: 1, 2 or 4.
    [[nodiscard]] constexpr std::uint8_t size() const {
        return static_cast<std::uint8_t>(bits(raw, 2, 0) + 1);
    }
    /// True for IN and INS, false for OUT and OUTS.
    [[nodiscard]] constexpr bool in() const { return bit(raw, 3); }
    [[nodiscard]] constexpr bool string() const { return bit(raw, 4); }
    [[nodiscard]] constexpr bool rep_prefixed() const { return bit(raw, 5); }
    /// The port was an immediate operand (else DX).
    [[nodiscard]] constexpr bool immediate() const { return bit(raw, 6); }
    [[nodiscard]] constexpr std::uint16_t port() const {
        return static_cast<std::uint16_t>(bits(raw, 31, 16));
    }
};

/// EPT violations (table 28-7).
struct EptViolation {
    std::uint64_t raw;

    [[nodiscard]] constexpr bool data_read() const { return bit(raw, 0); }
    [[nodiscard]] constexpr bool data_write() const { return bit(raw, 1); }
    [[nodiscard]] constexpr bool instruction_fetch() const { return bit(raw, 2); }
    /// What the EPT entries allowed, all levels combined.
    [[nodiscard]] constexpr bool readable() const { return bit(raw, 3); }
    [[nodiscard]] constexpr bool writable() const { return bit(raw, 4); }
    [[nodiscard]] constexpr bool executable() const { return bit(raw, 5); }
    /// With mode-based execute control: executable for user-mode linear addresses.
    [[nodiscard]] constexpr bool user_executable() const { return bit(raw, 6); }
    [[nodiscard]] constexpr bool linear_address_valid() const { return bit(raw, 7); }
    /// Meaningful if the linear address is valid: the access was to the translation of that linear
    /// address; otherwise it was to a paging-structure entry.
    [[nodiscard]] constexpr bool translated_access() const { return bit(raw, 8); }
    /// Only with advanced VM-exit information for EPT violations: bits 9 to 11.
    [[nodiscard]] constexpr bool user_mode_linear_address() const { return bit(raw, 9); }
    [[nodiscard]] constexpr bool linear_address_writable() const { return bit(raw, 10); }
    [[nodiscard]] constexpr bool linear_address_execute_disabled() const { return bit(raw, 11); }
    [[nodiscard]] constexpr bool nmi_unblocking_due_to_iret() const { return bit(raw, 12); }
    [[nodiscard]] constexpr bool shadow_stack_access() const { return bit(raw, 13); }
    [[nodiscard]] constexpr bool guest_paging_verification() const { return bit(raw, 15); }
    [[nodiscard]] constexpr bool asynchronous() const { return bit(raw, 16); }
};

/// Task switches (table 28-2).
struct TaskSwitch {
    enum class Source : std::uint8_t { call, iret, jmp, task_gate_in_idt };

    std::uint64_t raw;

    /// Selector of the TSS the guest attempted to switch to.
    [[nodiscard]] constexpr std::uint16_t selector() const {
        return static_cast<std::uint16_t>(bits(raw, 15, 0));
    }
    [[nodiscard]] constexpr Source source() const { return static_cast<Source>(bits(raw, 31, 30)); }
};

/// Debug exceptions (table 28-1). The bits that DR6 would have received.
struct DebugException {
    std::uint64_t raw;

    /// Bit n set: the condition of breakpoint n was met (n from 0 to 3).
    [[nodiscard]] constexpr std::uint8_t breakpoints() const {
        return static_cast<std::uint8_t>(bits(raw, 3, 0));
    }
    [[nodiscard]] constexpr bool debug_register_access() const { return bit(raw, 13); }
    [[nodiscard]] constexpr bool single_step() const { return bit(raw, 14); }
};

/// What failed when VM entry failed due to invalid guest state (SDM vol. 3, 27.8).
enum class InvalidGuestState : std::uint64_t {
    not_specified = 0,
    pdpte_loading = 2,
    nmi_injection = 3,
    vmcs_link_pointer = 4,
};

} // namespace hv
