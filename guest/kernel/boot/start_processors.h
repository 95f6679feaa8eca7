#pragma once
// Finds and starts the other processors.

#include "guest/kernel/cpu/cpu.h"

#include <cstdint>

namespace guest::processors {

/// Reads the firmware's list of processors. `rsdp` is the physical address of the ACPI RSDP, or 0
/// if there is none. Needs the identity mapping of the first 4 GiB.
void find(std::uint64_t rsdp);

/// The first of the ports that put the machine to sleep, as the firmware lists it with the
/// processors; 0 if there is none.
std::uint16_t sleep_port();

struct StartOptions {
    bool xapic = false;      ///< do not use x2APIC mode
    bool trampoline = false; ///< start them in real mode even if the monitor takes initial states
};

/// Makes everything ready for the other processors, which still wait for their start: from here on
/// processors::count() counts them. Does nothing if there is one processor only.
void prepare(const StartOptions& options);

/// Starts those for which `prepare` made ready. A processor that does not start is a panic.
/// Each starts with a state given to the monitor if the monitor takes it, else by the trampoline.
void start();

/// Whether the monitor was given their states.
bool started_by_state();

/// Sends a SIPI to a processor that waits for one. Returns whether it comes online within `limit`
/// ticks of the TSC. `page` is the number of the page where it starts in real mode.
bool try_start(const Cpu& cpu, std::uint8_t page, std::uint64_t limit);

} // namespace guest::processors
