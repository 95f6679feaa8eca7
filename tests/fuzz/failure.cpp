#include "tests/fuzz/failure.h"

#include <cstdio>
#include <cstdlib>

namespace fuzz {

void fail(const std::string& what) {
    std::fprintf(stderr, "does not hold: %s\n", what.c_str());
    std::abort();
}

} // namespace fuzz

// The machines live as long as the process, and parts of their memory cannot be read, so there is
// nothing to look for leaks in. What is freed need not be kept long to be seen used.
extern "C" const char* __asan_default_options() { return "detect_leaks=0:quarantine_size_mb=16"; }
