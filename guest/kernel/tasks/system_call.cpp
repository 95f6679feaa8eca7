#include "guest/kernel/tasks/system_call.h"

#include "guest/kernel/hooks.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/tasks/debug_registers.h"
#include "guest/kernel/tasks/io_permissions.h"
#include "guest/kernel/tasks/scheduler.h"
#include "guest/kernel/tasks/tls.h"

namespace guest {
namespace {

/// The user half ends here (Intel SDM vol. 1, 3.3.7.1: canonical addresses).
constexpr std::uint64_t user_end = 0x0000800000000000;

std::uint64_t set_tls(Cpu& cpu, std::uint64_t index, std::uint64_t base) {
    if (index >= tls_slots || base > ~std::uint32_t{0})
        return system_call_refused;
    cpu.current->tls[index] = tls_descriptor(static_cast<std::uint32_t>(base));
    tls::load(cpu, *cpu.current);
    return 0;
}

std::uint64_t watch(Cpu& cpu, std::uint64_t address) {
    if (address >= user_end || address % 8 != 0)
        return system_call_refused;
    Task& task = *cpu.current;
    task.debug_address[0] = address;
    task.debug_control = address == 0 ? 0 : debug_registers::watch_8_byte_writes;
    debug_registers::load(cpu, task);
    return 0;
}

std::uint64_t on_fault(Cpu& cpu, std::uint64_t address) {
    if (address >= user_end)
        return system_call_refused;
    cpu.current->fault_handler = address;
    return 0;
}

std::uint64_t stack_owner() {
    const Task& task = task_of_stack();
    return task.canary == task_canary ? task.id : system_call_refused;
}

} // namespace

extern "C" std::uint64_t system_call(std::uint64_t number, std::uint64_t first,
                                     std::uint64_t second, std::uint64_t third) {
    Cpu& cpu = this_cpu();
    switch (static_cast<SystemCall>(number)) {
    case SystemCall::yield:
        scheduler::yield();
        return 0;
    case SystemCall::exit:
        scheduler::exit();
    case SystemCall::set_tls:
        return set_tls(cpu, first, second);
    case SystemCall::watch:
        return watch(cpu, first);
    case SystemCall::debug_hits:
        return cpu.current->debug_hits;
    case SystemCall::debug_match:
        return debug_registers::match(*cpu.current) ? 1 : 0;
    case SystemCall::grant_ports:
        return io_permissions::grant(cpu, *cpu.current, first, second) ? 0 : system_call_refused;
    case SystemCall::on_fault:
        return on_fault(cpu, first);
    case SystemCall::stack_owner:
        return stack_owner();
    case SystemCall::fork: // needs the frame
        return system_call_refused;
    }
    return number < first_program_call ? system_call_refused
                                       : hooks::program_call(cpu, number, first, second, third);
}

} // namespace guest
