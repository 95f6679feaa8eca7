// The kernel's start, in the order in which things come to life.

#include "guest/kernel/boot/initialise.h"

#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/control_register_setup.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/descriptor_tables.h"
#include "guest/kernel/interrupts/timer.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/tasks/task.h"

namespace guest {

void initialise_kernel(std::uint64_t start_info) {
    console::initialise();
    Task& boot_task = initialise_boot_task();
    Cpu& cpu = cpu_of(0);
    initialise_cpu(cpu, 0, boot_task);
    enter_cpu(cpu);
    cpu.kernel_stack = boot_task.kernel_stack;
    fill_descriptor_tables(cpu);
    load_descriptor_tables(cpu);
    start_information::take(start_info);
    set_up_control_registers(cpu);

    // From here on the operations are the ROM's, and the descriptor tables are loaded again
    // through them.
    paravirt::bind();
    address_spaces::enter_kernel_tables();
    load_descriptor_tables(cpu);
    load_task_register();
    timer::initialise();
}

} // namespace guest
