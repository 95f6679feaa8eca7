#pragma once
// Offsets the exit stub needs, for assembly; vcpu/vcpu.h checks them.

/// From `registers` to exit_time and to statistics.monitor_ticks.
#define VCPU_EXIT_TIME 128
#define VCPU_MONITOR_TICKS (4096 + 8)
/// From `registers` to `in_guest` and to `requests`.
#define VCPU_IN_GUEST 136
#define VCPU_REQUESTS 140

/// Instructions of the round trip that lie outside the two RDTSCs of vm_exit_entry: 16 pushes, one
/// store and the first RDTSC itself before, and after the second 5 for the sum, 4 to look for
/// requests, 16 to restore, VMRESUME.
/// tests/system/counts_test.cpp holds it against the guest's own clock.
#define INSTRUCTIONS_OUTSIDE_CLOCK 44
