#pragma once
// The 32-bit task-state segment (SDM vol. 3, 8.2.1).

#include <cstddef>
#include <cstdint>

namespace hv {

/// What a task switch saves of the old task and loads of the new one; each selector has two bytes
/// that are not used.
struct TaskRegisters {
    std::uint32_t eip;
    std::uint32_t eflags;
    std::uint32_t general[8];  ///< by number
    std::uint32_t selector[6]; ///< by SegmentNumber
};
static_assert(sizeof(TaskRegisters) == 64);

struct TaskStateSegment {
    std::uint32_t link; ///< selector of the task to return to
    std::uint32_t stacks[6];
    std::uint32_t cr3;
    TaskRegisters registers;
    std::uint32_t ldt; ///< selector
    std::uint16_t trap;
    std::uint16_t io_map_base;
};
static_assert(sizeof(TaskStateSegment) == 104);
static_assert(offsetof(TaskStateSegment, registers) == 0x20);

} // namespace hv
