#pragma once
// Runs code that may raise any exception, on any stack, and reports which exception it raised.

#include "guest/kernel/interrupts/frame.h"

#include <cstdint>

namespace guest::hostile {

/// Stands for a vector when no exception was raised.
inline constexpr std::uint32_t no_exception = ~std::uint32_t{0};

struct Caught {
    std::uint32_t vector = no_exception;
    std::uint64_t error_code = 0;
    std::uint64_t rip = 0; ///< RIP at the exception
    std::uint64_t rax = 0; ///< RAX at the exception
};

/// Called at each #DB while code is being caught. If it returns true, the code goes on; if it
/// returns false, the #DB ends the code as any other exception does.
using StepHandler = bool (*)(InterruptFrame& frame);

/// Calls `function(argument)`, which ends when it returns or raises an exception. Interrupts must
/// be off. Only one processor at a time may call this.
Caught catch_exception(void (*function)(void*), void* argument, StepHandler on_step = nullptr);

/// The same for a callable.
template <typename Code>
Caught caught(Code code, StepHandler on_step = nullptr) {
    return catch_exception([](void* argument) { (*static_cast<Code*>(argument))(); }, &code,
                           on_step);
}

/// Until `stop_counting_nmis`, NMIs on all processors are counted and have no other effect.
void count_nmis();
/// Returns how many there were.
std::uint64_t stop_counting_nmis();
std::uint64_t counted_nmis();

/// Takes an exception of the kernel, or one in ring 3 that nothing else handles. Returns true if it
/// was expected here; then `frame` says where execution goes on.
bool take_exception(InterruptFrame& frame);

} // namespace guest::hostile
