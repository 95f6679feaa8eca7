#pragma once
// The self-tests of the kernel: the command line's `test`, and `test=processors`.

#include "guest/kernel/cpu/cpu.h"

namespace guest::tests {

/// Runs all self-tests. Returns true if none failed.
bool run_self_tests();
/// Runs only the tests for several processors.
bool run_processor_tests();

// Each is in a file of its own.
void test_operations();
void test_descriptors();
void test_lazy_modes();
void test_page_tables();
void test_page_table_refusals();
void test_tasks();
/// Runs the same operations one by one and in batches.
void test_differential();
/// Tests starts of `cpu` that a monitor must refuse. `cpu` must not have been started yet.
void test_forbidden_starts(const Cpu& cpu);
/// Part of test_forbidden_starts: initial states that are refused at once.
void test_initial_states(const Cpu& cpu);
void test_processors(); ///< does nothing on one processor

// Parts of test_processors.
void test_foreign_tables();
void test_processor_areas();
void test_processor_refusals();
void test_processor_tasks();
void test_rings();
void test_shootdowns();

} // namespace guest::tests
