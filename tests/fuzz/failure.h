#pragma once
// How a target says what is wrong: the fuzzer keeps the input of an aborted run.

#include <string>

namespace fuzz {

/// Prints what does not hold, and aborts.
[[noreturn]] void fail(const std::string& what);

inline void require(bool holds, const char* what) {
    if (!holds) [[unlikely]]
        fail(what);
}

} // namespace fuzz
