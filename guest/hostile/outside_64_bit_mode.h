#pragma once
// Ring-0 code that leaves 64-bit mode and comes back (outside_64_bit_mode.S), for C++ and for
// assembly.

#define JOURNEY_STACK_POINTER 0
#define JOURNEY_ROOT 8
#define JOURNEY_STORE_TO 12
#define JOURNEY_GDT 16
#define JOURNEY_CODE_SELECTOR 0x08
#define JOURNEY_DATA_SELECTOR 0x10

#ifndef __ASSEMBLER__

#include "guest/kernel/cpu/segment.h"
#include "shared/vcpu_area.h"

#include <cstddef>
#include <cstdint>

namespace guest::hostile {

/// What the code does while paging is off. It lies below 4 GiB, mapped at its physical address,
/// with room for a stack below it.
struct Journey {
    std::uint64_t stack_pointer; ///< written and read by the code
    std::uint32_t root;          ///< loaded into CR3
    std::uint32_t store_to;      ///< physical address of 4 bytes that are written; 0: none
    abi::PseudoDescriptor gdt;   ///< loaded into GDTR
};
static_assert(offsetof(Journey, stack_pointer) == JOURNEY_STACK_POINTER);
static_assert(offsetof(Journey, root) == JOURNEY_ROOT);
static_assert(offsetof(Journey, store_to) == JOURNEY_STORE_TO);
static_assert(offsetof(Journey, gdt) == JOURNEY_GDT);
static_assert(kernel_code_selector == JOURNEY_CODE_SELECTOR);
static_assert(kernel_data_selector == JOURNEY_DATA_SELECTOR);

/// Jumps to `code`, a copy of hostile_outside, in the 32-bit segment `code_selector`. Returns when
/// it is in 64-bit mode again. Interrupts are off.
extern "C" void hostile_leave(std::uint64_t code, std::uint64_t code_selector,
                              std::uint64_t journey);

} // namespace guest::hostile
#endif
