#pragma once
// Cases in real-address mode: the state before, the way there, and what can be seen afterwards.

#include "tests/fidelity/guest/random.h"
#include "tests/fidelity/guest/test_case.h"
#include "tests/fidelity/guest/text.h"

#include <cstdint>

namespace fidelity::real_mode {

/// Each segment has 64 KiB. The stack lies in the middle of its own.
inline constexpr std::uint64_t code_base = 0x10000;
inline constexpr std::uint64_t memory_end = 0x50000;
inline constexpr std::uint16_t code_segment = code_base >> 4;
inline constexpr std::uint16_t data_segment = 0x2000;
inline constexpr std::uint16_t extra_segment = 0x3000;
inline constexpr std::uint16_t stack_segment = 0x4000;

/// Chooses registers, flags and segments; CR0 without paging and protection.
void choose_state(Case& test_case, Random random);
/// Whether instructions of this kind leave the code, the stack and the mode alone.
bool is_suitable(const Kind& kind);
/// A linear address in a data segment, at times beyond its limit.
std::uint64_t any_target(Random& random, const Case& test_case, std::uint32_t size);

/// Copies the code that enters and leaves the mode to low memory. Must be called once.
void initialise();
void run_case(const Case& test_case);
/// What the case that was run did; what the kernel has of the machine is as before.
void describe_outcome(Report& report, const Case& test_case);

} // namespace fidelity::real_mode
