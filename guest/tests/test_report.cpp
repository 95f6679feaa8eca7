#include "guest/tests/test_report.h"

namespace guest::tests {
namespace {

struct Counts {
    std::uint32_t passed = 0;
    std::uint32_t failed = 0;
    std::uint32_t skipped = 0;
};
Counts counts;

} // namespace

void passed(std::string_view name) {
    ++counts.passed;
    console::print("test ", name, ": ok\n");
}

void skipped(std::string_view name, std::string_view why) {
    ++counts.skipped;
    console::print("test ", name, ": skipped, ", why, "\n");
}

void begin_failure(std::string_view name) {
    ++counts.failed;
    console::print("test ", name, ": FAIL ");
}

bool finish_report() {
    console::print("tests: ", counts.passed, " passed, ", counts.failed, " failed");
    if (counts.skipped != 0)
        console::print(", ", counts.skipped, " skipped");
    console::print("\n");
    const bool good = counts.failed == 0;
    counts = {};
    return good;
}

} // namespace guest::tests
