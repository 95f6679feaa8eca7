#pragma once
// Runs code that may raise any exception, with any stack, and says which it was.

#include "guest/kernel/interrupts/frame.h"

#include <cstdint>

namespace guest::hostile {

/// Instead of a vector: nothing was raised.
inline constexpr std::uint32_t no_exception = ~std::uint32_t{0};

struct Caught {
    std::uint32_t vector = no_exception;
    std::uint64_t error_code = 0;
    std::uint64_t rip = 0; ///< where it was raised
    std::uint64_t rax = 0; ///< as it was then
};

/// What happens at each #DB while code is caught: true, and the code goes on; false, and the #DB
/// ends it as another exception would.
using StepHandler = bool (*)(InterruptFrame& frame);

/// Calls `function(argument)`, until it returns or raises an exception. Interrupts are off. One
/// processor at a time.
Caught catch_exception(void (*function)(void*), void* argument, StepHandler on_step = nullptr);

/// The same for a callable.
template <typename Code>
Caught caught(Code code, StepHandler on_step = nullptr) {
    return catch_exception([](void* argument) { (*static_cast<Code*>(argument))(); }, &code,
                           on_step);
}

/// From here to `stop_counting_nmis` NMIs of all processors are counted, and do nothing else.
void count_nmis();
/// Returns how many there were.
std::uint64_t stop_counting_nmis();
std::uint64_t counted_nmis();

/// Of an exception in the kernel, or one in ring 3 that nobody else handles: whether it was
/// expected here, and the frame leads on.
bool take_exception(InterruptFrame& frame);

} // namespace guest::hostile
