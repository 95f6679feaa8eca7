// What the compiler, Boost.Container and libZydis expect of a C++ environment.

#include "hypervisor/host/console.h"

#include <cstddef>
#include <cstdint>

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, std::size_t count) {
    void* result = to;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    return result;
}

void* memset(void* to, int value, std::size_t count) {
    void* result = to;
    asm volatile("rep stosb" : "+D"(to), "+c"(count) : "a"(value) : "memory");
    return result;
}

void* memmove(void* to, const void* from, std::size_t count) {
    if (reinterpret_cast<std::uintptr_t>(to) - reinterpret_cast<std::uintptr_t>(from) >= count)
        return memcpy(to, from, count);
    void* result = to;
    auto* last_to = static_cast<std::uint8_t*>(to) + count - 1;
    const auto* last_from = static_cast<const std::uint8_t*>(from) + count - 1;
    asm volatile("std\n\trep movsb\n\tcld"
                 : "+D"(last_to), "+S"(last_from), "+c"(count)
                 :
                 : "memory");
    return result;
}

int memcmp(const void* first, const void* second, std::size_t count) {
    const auto* a = static_cast<const std::uint8_t*>(first);
    const auto* b = static_cast<const std::uint8_t*>(second);
    for (std::size_t index = 0; index < count; ++index)
        if (a[index] != b[index])
            return a[index] < b[index] ? -1 : 1;
    return 0;
}

void* memchr(const void* from, int value, std::size_t count) {
    const auto* bytes = static_cast<const std::uint8_t*>(from);
    for (std::size_t index = 0; index < count; ++index)
        if (bytes[index] == static_cast<std::uint8_t>(value))
            return const_cast<std::uint8_t*>(bytes + index);
    return nullptr;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != 0)
        ++length;
    return length;
}
}

// libstdc++'s range checks, where it has them in freestanding code too.
namespace std {
void __throw_out_of_range_fmt(const char* what, ...) { hv::console::fail(what); }
} // namespace std

// Boost.Container without exceptions. Capacity is checked before each use, so none of these is
// reached unless the monitor has a bug.
namespace boost {

[[noreturn]] void assertion_failed(const char* expression, const char* function, const char* file,
                                   long line) {
    hv::console::fail("assertion ", expression, " in ", function, ", ", file, ":",
                      static_cast<std::uint64_t>(line));
}
[[noreturn]] void assertion_failed_msg(const char* expression, const char* message,
                                       const char* function, const char* file, long line) {
    hv::console::fail("assertion ", expression, " (", message, ") in ", function, ", ", file, ":",
                      static_cast<std::uint64_t>(line));
}

namespace container {
[[noreturn]] void throw_bad_alloc() { hv::console::fail("a container is full"); }
[[noreturn]] void throw_out_of_range(const char* what) { hv::console::fail(what); }
[[noreturn]] void throw_length_error(const char* what) { hv::console::fail(what); }
[[noreturn]] void throw_logic_error(const char* what) { hv::console::fail(what); }
[[noreturn]] void throw_runtime_error(const char* what) { hv::console::fail(what); }
} // namespace container

} // namespace boost
