#include "guest/kernel/tasks/debug_registers.h"

#include "guest/kernel/paravirt/operations.h"

namespace guest::debug_registers {
namespace {

/// Bit 10 of DR7 always reads as 1; DR6 reads as `status_idle` when nothing happened.
constexpr std::uint64_t control_fixed = 0x400;
constexpr std::uint64_t status_idle = 0xFFFF0FF0;

template <std::uint64_t number>
void load_address(Cpu& cpu, const Task& next) {
    if (cpu.debug_address[number] == next.debug_address[number])
        return;
    cpu.debug_address[number] = next.debug_address[number];
    paravirt::set_dr<number>(next.debug_address[number]);
}

} // namespace

void load(Cpu& cpu, const Task& next) {
    if (next.debug_control != 0) {
        load_address<0>(cpu, next);
        load_address<1>(cpu, next);
        load_address<2>(cpu, next);
        load_address<3>(cpu, next);
    }
    if (cpu.debug_control != next.debug_control) {
        cpu.debug_control = next.debug_control;
        paravirt::set_dr<7>(next.debug_control | control_fixed);
    }
}

bool match(const Task& task) {
    if (paravirt::get_dr<7>() != (task.debug_control | control_fixed))
        return false;
    return task.debug_control == 0 || (paravirt::get_dr<0>() == task.debug_address[0] &&
                                       paravirt::get_dr<1>() == task.debug_address[1] &&
                                       paravirt::get_dr<2>() == task.debug_address[2] &&
                                       paravirt::get_dr<3>() == task.debug_address[3]);
}

void hit(Task& task) {
    ++task.debug_hits;
    paravirt::set_dr<6>(status_idle);
}

} // namespace guest::debug_registers
