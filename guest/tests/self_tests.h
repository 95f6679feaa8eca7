#pragma once
// All self-tests of the kernel: the command line's `test`.

namespace guest::tests {

/// True if none failed.
bool run_self_tests();

// One file each.
void test_operations();
void test_descriptors();
void test_lazy_modes();
void test_page_tables();
void test_page_table_refusals();
void test_tasks();

} // namespace guest::tests
