#pragma once
// The local APIC (Intel SDM vol. 3, chapter 11): by MSRs where the processor has the x2APIC mode,
// else in memory. The 8259 controllers stay in charge of the timer.

#include <cstdint>

namespace guest::local_apic {

/// This processor's identifier. Before the mode is chosen, as CPUID says it.
std::uint32_t identifier();

/// Chooses the mode, for all processors: x2APIC where there is one, unless `force_xapic`. Maps what
/// the other mode needs. On the boot processor, once.
void choose_mode(bool force_xapic);

bool x2apic();

/// Enables this processor's.
void enable();

void end_of_interrupt();

// To the processor with this identifier. Each returns when the message is on its way.
void send_init(std::uint32_t apic_id);
void send_startup(std::uint32_t apic_id, std::uint8_t page); ///< starts at page * 4096
void send_interrupt(std::uint32_t apic_id, std::uint32_t vector);

/// Interrupts this processor with `vector` about every `ticks` of the local APIC's clock.
void start_timer(std::uint32_t vector, std::uint32_t ticks);
void stop_timer();

} // namespace guest::local_apic
