#pragma once
// Vectors, and where each is handled.

#include "guest/kernel/interrupts/frame.h"
#include "guest/kernel/interrupts/stub_vectors.h"

#include <cstdint>

namespace guest::interrupts {

// Exceptions (Intel SDM vol. 3, table 6-1).
inline constexpr std::uint32_t debug = 1;
inline constexpr std::uint32_t non_maskable = 2;
inline constexpr std::uint32_t device_not_available = 7;
inline constexpr std::uint32_t double_fault = 8;
inline constexpr std::uint32_t segment_not_present = 11;
inline constexpr std::uint32_t stack_fault = 12;
inline constexpr std::uint32_t general_protection = 13;
inline constexpr std::uint32_t page_fault = 14;
inline constexpr std::uint32_t exceptions = 32;

inline constexpr std::uint32_t first_irq = 0x20;
inline constexpr std::uint32_t irqs = 16;
static_assert(first_irq + irqs == VECTORS_IN_ORDER);
/// For system calls that enter through the IDT, and so on the stack of TSS.RSP0.
inline constexpr std::uint32_t system_call_vector = SYSTEM_CALL_VECTOR;
/// Not in the IDT until a self-test writes it.
inline constexpr std::uint32_t test_vector = TEST_VECTOR;

// From the local APIC.
inline constexpr std::uint32_t first_processor_vector = FIRST_PROCESSOR_VECTOR;
inline constexpr std::uint32_t wake_vector = first_processor_vector; ///< look for work
inline constexpr std::uint32_t shootdown_vector = first_processor_vector + 1;
inline constexpr std::uint32_t tick_vector = first_processor_vector + 2; ///< processor 0's timer
inline constexpr std::uint32_t job_vector = first_processor_vector + 3;  ///< Cpu::interrupt_job
inline constexpr std::uint32_t watchdog_vector = first_processor_vector + 4;
inline constexpr std::uint32_t processor_vectors = PROCESSOR_VECTORS;
static_assert(watchdog_vector + 1 == first_processor_vector + processor_vectors);
inline constexpr std::uint32_t spurious_vector = SPURIOUS_VECTOR;

/// Linear address of a vector's entry code; 0 for vectors without a gate.
std::uint64_t entry_of(std::uint32_t vector);
/// The entry code of test_vector, for the self-test that writes its gate.
std::uint64_t test_entry();

/// Handles an exception. Returns if the interrupted code may go on.
void handle_exception(InterruptFrame& frame);

} // namespace guest::interrupts
