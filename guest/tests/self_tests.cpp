#include "guest/tests/self_tests.h"

#include "guest/tests/test_report.h"

namespace guest::tests {

bool run_self_tests() {
    test_operations();
    test_descriptors();
    test_lazy_modes();
    test_page_tables();
    test_page_table_refusals();
    test_tasks();
    return finish_report();
}

} // namespace guest::tests
