#include "guest/cpu/cpu.h"

#include "guest/cpu/msr.h"
#include "guest/memory/layout.h"
#include "guest/paravirt/operations.h"

namespace guest {
namespace {

Cpu boot_cpu;

} // namespace

void initialise_boot_cpu(Task& boot_task) {
    boot_cpu.self = &boot_cpu;
    boot_cpu.current = &boot_task;
    boot_cpu.main = &boot_task;
    boot_cpu.alarm_at = ~std::uint64_t{0};
    paravirt::wrmsr(msr::gs_base, address_of(&boot_cpu));
    paravirt::wrmsr(msr::kernel_gs_base, 0);
}

} // namespace guest
