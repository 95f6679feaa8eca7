#pragma once
// What code that was compiled with a stack protector finds at its FS base: libZydis, as Debian
// compiles it. Its functions with a stack buffer read the word at FS:0x28 on entry and compare it
// on return.

#include <cstddef>
#include <cstdint>

namespace hv {

/// What the host's FS base points to. Any value will do, as long as it does not change during a
/// call.
struct alignas(64) StackProtectorBlock {
    std::uint64_t unused[5];
    std::uint64_t canary;
    std::uint64_t unused_after[2];
};
static_assert(offsetof(StackProtectorBlock, canary) == 0x28);
static_assert(sizeof(StackProtectorBlock) == 64);

} // namespace hv
