#pragma once
// Finds and starts the other processors.

#include "guest/boot/command_line.h"
#include "guest/cpu/cpu.h"

#include <cstdint>

namespace guest::processors {

/// Reads firmware's list of processors; `rsdp` is physical, or 0. While the identity mapping of the
/// first 4 GiB is there.
void find(std::uint64_t rsdp);

/// Starts them all; one that does not come is a panic. Where the monitor takes it, each starts with
/// a state given to it, unless the command line wants the trampoline.
void start(const CommandLine& command_line);

/// Whether a monitor was given their states.
bool started_by_state();

/// Sends a processor that waits for one a SIPI. Whether it comes within so many ticks of the TSC.
bool try_start(const Cpu& cpu, std::uint8_t page, std::uint64_t limit);

} // namespace guest::processors
