#pragma once
// The program of the self-tests.

#include <cstdint>

namespace guest::programs {

// What a test task uses beside its kernel stack: flags in the second argument of test_task.
inline constexpr std::uint64_t test_tls = 1 << 0;
inline constexpr std::uint64_t test_fpu = 1 << 1;
inline constexpr std::uint64_t test_debug = 1 << 2;
/// Waits to be preempted instead of yielding.
inline constexpr std::uint64_t test_preemptive = 1 << 3;
/// The port that it asks for is in the bits from this one up; 0 for none.
inline constexpr std::uint64_t test_port_shift = 16;

/// Two ports that can be read without an effect: the diagnostic port and an unused one.
inline constexpr std::uint16_t first_test_port = 0x80;
inline constexpr std::uint16_t second_test_port = 0xED;

/// TLS blocks in the TLS page: three of 16 bytes for each of up to max_test_tasks tasks.
inline constexpr std::uint64_t test_tls_block = 16;
inline constexpr std::uint64_t max_test_tasks = 64;

} // namespace guest::programs

/// Entry point; arguments: identifier, flags. Checks itself again and again until the phase is
/// over, then ends.
extern "C" void test_task();
