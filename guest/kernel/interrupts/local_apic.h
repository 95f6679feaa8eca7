#pragma once
// The local APIC (Intel SDM vol. 3, chapter 11). It is accessed by MSRs where the processor has
// x2APIC mode, otherwise in memory. The timer still interrupts through the 8259 controllers.

#include <cstdint>

namespace guest::local_apic {

/// This processor's identifier. Before the mode is chosen, it is read from CPUID.
std::uint32_t identifier();

/// Chooses the mode for all processors: x2APIC where it exists, unless `force_xapic`. For xAPIC
/// mode, maps the registers. Called once, on the boot processor.
void choose_mode(bool force_xapic);

bool x2apic();

/// Enables this processor's local APIC.
void enable();

void end_of_interrupt();

// Send a message to the processor with this identifier. Each returns once the local APIC has sent
// it.
void send_init(std::uint32_t apic_id);
void send_startup(std::uint32_t apic_id,
                  std::uint8_t page); ///< SIPI: execution starts at page * 4096
void send_interrupt(std::uint32_t apic_id, std::uint32_t vector);

/// Interrupts this processor with `vector` about every `ticks` of the local APIC's clock.
void start_timer(std::uint32_t vector, std::uint32_t ticks);
void stop_timer();

} // namespace guest::local_apic
