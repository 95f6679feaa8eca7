#pragma once
// Kernel instructions that may fault, and where execution goes on if they do.

#include <cstdint>

namespace guest {

/// A record of the section .exception_fixups; linear addresses.
struct ExceptionFixup {
    std::uint64_t instruction;
    std::uint64_t recovery;
};

} // namespace guest
