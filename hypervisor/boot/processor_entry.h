#pragma once
// What boot/processor_entry.S finds at its end, for C++ and for assembly.

#define START_STACK 8
#define START_ARGUMENT 16
#define START_SIZE 24

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

namespace hv {

struct ProcessorStart {
    std::uint32_t root; ///< CR3, below 4 GiB
    std::uint32_t unused = 0;
    std::uint64_t stack;
    std::uint64_t argument; ///< of processor_main
};
static_assert(offsetof(ProcessorStart, stack) == START_STACK);
static_assert(offsetof(ProcessorStart, argument) == START_ARGUMENT);
static_assert(sizeof(ProcessorStart) == START_SIZE);

} // namespace hv
#endif
