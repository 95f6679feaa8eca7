// What libZydis imports from a C library. The build gives these names a prefix, so that in unit
// tests they do not clash with those of the real C library.

#include "hypervisor/host/console.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

extern "C" {

void* zydis_import_memcpy(void* to, const void* from, std::size_t count) {
    return std::memcpy(to, from, count);
}

/// Words first: the library clears a structure of some 300 bytes for every instruction.
void* zydis_import_memset(void* to, int value, std::size_t count) {
    void* at = to;
    const std::uint64_t word = static_cast<std::uint8_t>(value) * 0x0101010101010101ULL;
    std::size_t words = count / sizeof(word);
    std::size_t rest = count % sizeof(word);
    asm volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(word) : "memory");
    asm volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(word) : "memory");
    return to;
}

std::size_t zydis_import_strlen(const char* text) { return std::strlen(text); }

/// The monitor's mistake: nothing in the bytes of an instruction makes the library assert.
[[noreturn]] void zydis_import___assert_fail(const char* expression, const char* file, unsigned,
                                             const char* function) {
    hv::console::fail("libZydis: assertion ", expression, " in ", function, ", ", file);
}

[[noreturn]] void zydis_import___stack_chk_fail() {
    hv::console::fail("libZydis: its stack, or the word at FS:0x28, was overwritten");
}
}
