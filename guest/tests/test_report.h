#pragma once
// The lines of the self-tests: "test NAME: ok", "test NAME: FAIL why", "test NAME: skipped, why".

#include "guest/kernel/console/console.h"

#include <cstdint>
#include <string_view>

namespace guest::tests {

/// Each prints the line and counts it; every test ends in exactly one of them.
void passed(std::string_view name);
void skipped(std::string_view name, std::string_view why);
void begin_failure(std::string_view name);

/// `why` is printed as console::print does.
template <typename... Why>
void failed(std::string_view name, const Why&... why) {
    begin_failure(name);
    console::print(why..., "\n");
}

/// Prints "tests: N passed, M failed"; true if none failed. Starts counting again.
bool finish_report();

} // namespace guest::tests
