#pragma once
// What interrupts a case: every vector, and the landings of SYSCALL and SYSENTER.

#include "tests/fidelity/guest/test_case.h"
#include "tests/fidelity/guest/text.h"

#include <array>
#include <cstdint>

namespace fidelity {

/// Registers at an event, as entry.S saves them. RSP is that of the handler: it points to the
/// frame.
struct SavedState {
    std::array<std::uint64_t, register_count> general;
    std::uint64_t vector;
    std::uint64_t dr7;
};
static_assert(sizeof(SavedState) == 144);

inline constexpr std::uint64_t syscall_event = 0x100;
inline constexpr std::uint64_t sysenter_event = 0x101;

/// To be called before a case is entered.
void begin_events(bool repairs);
/// Registers at the event that ended the case, with RSP as the case had it.
const SavedState& last_state();
/// The error code of that event; 0 where it has none.
std::uint64_t last_error();
/// Whether the interrupt that waited has been delivered.
bool interrupt_was_delivered();
void describe_events(Report& report);

/// DR6 without the bits of breakpoints that are not enabled, which may be set or not (SDM vol. 3,
/// 18.2.3).
std::uint64_t defined_bits(std::uint64_t dr6, std::uint64_t dr7);
void end_of_interrupt();
inline constexpr std::uint64_t dr6_idle = 0xFFFF0FF0;

} // namespace fidelity

// In entry.S.
extern "C" fidelity::SavedState general_state;
extern "C" fidelity::SavedState debug_state;
extern "C" [[noreturn]] void leave_case();
