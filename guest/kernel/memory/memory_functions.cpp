// The functions that GCC expects of every freestanding environment (GCC manual, "Standards"), and
// strlen for string_view.

#include <cstddef>

// Otherwise GCC would recognise the loops below, and replace them by calls to the functions
// themselves.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

extern "C" {

void* memcpy(void* destination, const void* source, std::size_t size) {
    void* const result = destination;
    asm volatile("rep movsb" : "+D"(destination), "+S"(source), "+c"(size) : : "memory");
    return result;
}

void* memset(void* destination, int value, std::size_t size) {
    void* const result = destination;
    asm volatile("rep stosb" : "+D"(destination), "+c"(size) : "a"(value) : "memory");
    return result;
}

void* memmove(void* destination, const void* source, std::size_t size) {
    if (destination <= source)
        return memcpy(destination, source, size);
    auto* to = static_cast<unsigned char*>(destination) + size - 1;
    const auto* from = static_cast<const unsigned char*>(source) + size - 1;
    asm volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return destination;
}

int memcmp(const void* left, const void* right, std::size_t size) {
    const auto* const a = static_cast<const unsigned char*>(left);
    const auto* const b = static_cast<const unsigned char*>(right);
    for (std::size_t i = 0; i < size; ++i)
        if (a[i] != b[i])
            return a[i] < b[i] ? -1 : 1;
    return 0;
}

std::size_t strlen(const char* text) {
    std::size_t length = 0;
    while (text[length] != '\0')
        ++length;
    return length;
}
}
