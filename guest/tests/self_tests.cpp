#include "guest/tests/self_tests.h"

#include "guest/kernel/cpu/processors.h"
#include "guest/tests/test_report.h"

namespace guest::tests {

bool run_self_tests() {
    test_operations();
    test_descriptors();
    test_lazy_modes();
    test_page_tables();
    test_page_table_refusals();
    test_tasks();
    test_differential();
    test_processors();
    return finish_report();
}

bool run_processor_tests() {
    if (!processors::several())
        failed("processors", "there is one");
    test_processors();
    return finish_report();
}

} // namespace guest::tests
