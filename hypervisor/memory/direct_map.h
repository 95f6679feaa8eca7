#pragma once
// From a physical address to where the monitor reads and writes it.

#include "hypervisor/memory/layout.h"

#include <cstdint>

namespace hv {

#ifdef LAZYHV_UNIT_TEST
/// Where the tests' physical memory begins (tests/unit/fake/).
extern std::uint8_t* direct_map_origin;
inline std::uint8_t* direct_pointer(std::uint64_t physical) { return direct_map_origin + physical; }
inline std::uint64_t direct_physical(const void* pointer) {
    return static_cast<std::uint64_t>(static_cast<const std::uint8_t*>(pointer) -
                                      direct_map_origin);
}
#else
inline std::uint8_t* direct_pointer(std::uint64_t physical) {
    return reinterpret_cast<std::uint8_t*>(direct_map_base + physical);
}
/// The physical address of an object in the direct map.
inline std::uint64_t direct_physical(const void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer) - direct_map_base;
}
#endif

/// A word that may begin at any address. It is still one access: x86 does not demand alignment.
template <typename T>
struct Unaligned {
    using Word [[gnu::aligned(1), gnu::may_alias]] = volatile T;
};

/// The word of type T at a physical address, as a volatile lvalue: each use is one access.
template <typename T>
typename Unaligned<T>::Word& direct_word(std::uint64_t physical) {
    return *reinterpret_cast<typename Unaligned<T>::Word*>(direct_pointer(physical));
}

} // namespace hv
