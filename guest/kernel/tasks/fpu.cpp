#include "guest/kernel/tasks/fpu.h"

namespace guest::fpu {
namespace {

/// The state of FNINIT, with every exception masked (Intel SDM vol. 1, 10.5.1.1: offsets).
constexpr FxsaveArea initial_state() {
    FxsaveArea area{};
    constexpr std::uint16_t control_word = 0x037F;
    constexpr std::uint32_t mxcsr = 0x1F80;
    constexpr std::uint32_t mxcsr_offset = 24;
    area.bytes[0] = control_word & 0xFF;
    area.bytes[1] = control_word >> 8;
    area.bytes[mxcsr_offset] = mxcsr & 0xFF;
    area.bytes[mxcsr_offset + 1] = mxcsr >> 8;
    return area;
}

} // namespace

void first_use(Cpu& cpu, Task& task) {
    if (!task.has_fpu_state) {
        static constexpr FxsaveArea initial = initial_state();
        task.fpu = initial;
        task.has_fpu_state = true;
    }
    clear_ts(cpu);
    finish_switch(task);
}

} // namespace guest::fpu
