#include "guest/kernel/cpu/cpu.h"

#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"

#include <array>

namespace guest {
namespace {

constinit std::array<Cpu, max_processors> cpus{};

} // namespace

Cpu& cpu_of(std::uint32_t number) { return cpus[number]; }

void initialise_cpu(Cpu& cpu, std::uint32_t number, Task& main_task) {
    cpu.self = &cpu;
    cpu.number = number;
    cpu.current = &main_task;
    cpu.main = &main_task;
    cpu.alarm_at = ~std::uint64_t{0};
}

void enter_cpu(Cpu& cpu) {
    paravirt::wrmsr(msr::gs_base, address_of(&cpu));
    paravirt::wrmsr(msr::kernel_gs_base, 0);
}

} // namespace guest
