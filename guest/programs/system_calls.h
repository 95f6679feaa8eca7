#pragma once
// System calls as ring 3 makes them.

#include "guest/kernel/tasks/system_call_number.h"
#include "guest/programs/program_call.h"

#include <cstdint>

namespace guest::programs {

/// Through SYSCALL.
inline std::uint64_t call(SystemCall number, std::uint64_t first = 0, std::uint64_t second = 0,
                          std::uint64_t third = 0) {
    auto result = static_cast<std::uint64_t>(number);
    asm volatile("syscall"
                 : "+a"(result), "+D"(first), "+S"(second), "+d"(third)
                 :
                 : "rcx", "r8", "r9", "r10", "r11", "cc", "memory");
    return result;
}

/// Also through SYSCALL: a call to the test that runs the program.
inline std::uint64_t call(ProgramCall number, std::uint64_t first = 0, std::uint64_t second = 0,
                          std::uint64_t third = 0) {
    return call(static_cast<SystemCall>(number), first, second, third);
}

/// Through the IDT, and so on the stack of TSS.RSP0; for calls without arguments.
inline std::uint64_t call_by_interrupt(SystemCall number) {
    auto result = static_cast<std::uint64_t>(number);
    asm volatile("int $0x80" : "+a"(result) : : "cc", "memory");
    return result;
}

} // namespace guest::programs
