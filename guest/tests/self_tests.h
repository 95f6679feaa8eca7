#pragma once
// The self-tests of the kernel: the command line's `test`, and `test=processors`.

#include "guest/kernel/cpu/cpu.h"

namespace guest::tests {

/// All of them. True if none failed.
bool run_self_tests();
/// Those of several processors alone.
bool run_processor_tests();

// One file each.
void test_operations();
void test_descriptors();
void test_lazy_modes();
void test_page_tables();
void test_page_table_refusals();
void test_tasks();
/// The same operations one by one and in batches.
void test_differential();
/// Where and how a monitor must not let a processor start, for one that has not been started.
void test_forbidden_starts(const Cpu& cpu);
/// Part of it: initial states that are refused at once.
void test_initial_states(const Cpu& cpu);
void test_processors(); ///< nothing if there is one

// Parts of test_processors.
void test_foreign_tables();
void test_processor_areas();
void test_processor_refusals();
void test_processor_tasks();
void test_rings();
void test_shootdowns();

} // namespace guest::tests
