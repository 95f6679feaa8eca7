#pragma once
// Offsets that the exit stub needs, for assembly; vcpu/vcpu.h checks them.

/// From `registers` to exit_time and to statistics.monitor_ticks.
#define VCPU_EXIT_TIME 128
#define VCPU_MONITOR_TICKS (4096 + 8)
/// From `registers` to `in_guest` and to `requests`.
#define VCPU_IN_GUEST 136
#define VCPU_REQUESTS 140

/// Instructions of the round trip that lie outside the two RDTSCs of vm_exit_entry: before them 16
/// pushes, one store and the first RDTSC itself; after them 5 for the sum, 4 to look for requests,
/// 16 pops, and VMRESUME. tests/system/counts_test.cpp compares the number with the guest's own
/// clock.
#define INSTRUCTIONS_OUTSIDE_CLOCK 44
