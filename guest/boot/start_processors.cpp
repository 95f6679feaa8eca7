#include "guest/boot/start_processors.h"

#include "guest/boot/acpi.h"
#include "guest/boot/initial_state.h"
#include "guest/boot/panic.h"
#include "guest/boot/trampoline_page.h"
#include "guest/console/console.h"
#include "guest/cpu/control_register_setup.h"
#include "guest/cpu/lock.h"
#include "guest/cpu/processors.h"
#include "guest/interrupts/local_apic.h"
#include "guest/memory/address_space.h"
#include "guest/memory/shootdown.h"
#include "guest/paravirt/binding.h"
#include "guest/paravirt/operations.h"
#include "guest/tasks/task.h"
#include "guest/tests/self_tests.h"
#include "shared/call_number.h"

namespace guest::processors {
namespace {

static_assert(acpi::max_processors == max_processors);

// Ticks of the TSC: between INIT and SIPI, until SIPI is sent again, and until a processor is lost.
constexpr std::uint64_t init_delay = 1'000'000;
constexpr std::uint64_t second_startup_delay = 20'000'000;
constexpr std::uint64_t start_limit = 400'000'000;

acpi::ProcessorList found;
bool by_state;

/// Only while the identity mapping is there.
const std::uint8_t* identity(std::uint64_t physical, std::uint64_t size) {
    constexpr std::uint64_t identity_end = std::uint64_t{1} << 32;
    if (physical >= identity_end || size > identity_end - physical)
        return nullptr;
    return reinterpret_cast<const std::uint8_t*>(physical);
}

void prepare(Cpu& cpu, std::uint32_t number, std::uint32_t apic_id) {
    Task& main_task = create_main_task();
    initialise_cpu(cpu, number, main_task);
    cpu.apic_id = apic_id;
    cpu.kernel_stack = main_task.kernel_stack;
    cpu.cr0 = this_cpu().cr0;
    cpu.ts_set = true;
    fill_descriptor_tables(cpu);
}

bool wait_online(const Cpu& cpu, std::uint64_t limit) {
    const std::uint64_t begin = paravirt::rdtsc();
    while (!cpu.online.load(std::memory_order_acquire)) {
        if (paravirt::rdtsc() - begin > limit)
            return false;
        asm volatile("pause");
    }
    return true;
}

void send_start(const Cpu& cpu) {
    local_apic::send_init(cpu.apic_id);
    wait_online(cpu, init_delay);
    if (try_start(cpu, TrampolinePage::number, second_startup_delay))
        return;
    local_apic::send_startup(cpu.apic_id, TrampolinePage::number);
    if (!wait_online(cpu, start_limit)) {
        console::print("guest: processor ", cpu.number, ", local APIC ", cpu.apic_id, "\n");
        panic("a processor does not start");
    }
}

void start_by_state() {
    for (std::uint32_t i = 1; i < count(); ++i) {
        const abi::InitialState state = initial_state(cpu_of(i));
        const std::uint32_t error = paravirt::set_initial_ap_state(&state, i);
        if (error != 0) {
            console::print("guest: SetInitialAPState: error ", error, "\n");
            panic("a processor's initial state was refused");
        }
        send_start(cpu_of(i));
    }
}

void start_by_trampoline() {
    const TrampolinePage page;
    for (std::uint32_t i = 1; i < count(); ++i) {
        page.set(initial_state(cpu_of(i)));
        send_start(cpu_of(i));
    }
}

} // namespace

void find(std::uint64_t rsdp) {
    found = acpi::find_processors(rsdp, local_apic::identifier(), identity);
}

bool started_by_state() { return by_state; }

bool try_start(const Cpu& cpu, std::uint8_t page, std::uint64_t limit) {
    local_apic::send_startup(cpu.apic_id, page);
    return wait_online(cpu, limit);
}

void start(const CommandLine& command_line) {
    if (found.count == 1)
        return;
    local_apic::choose_mode(command_line.xapic);
    local_apic::enable();
    this_cpu().apic_id = local_apic::identifier();
    for (std::uint32_t i = 1; i < found.count; ++i)
        prepare(cpu_of(i), i, found.apic_id[i]);
    online_count = found.count;
    shootdown::ask_monitor();
    by_state = !command_line.trampoline &&
               paravirt::ask(abi::Call::set_initial_ap_state).type == abi::RelocationType::call_rel;
    if (command_line.test || command_line.test_processors)
        tests::test_forbidden_starts(cpu_of(1)); // while it waits
    if (by_state)
        start_by_state();
    else
        start_by_trampoline();
    console::print("guest: ", count(), " processors, ", local_apic::x2apic() ? "x2APIC" : "xAPIC",
                   by_state ? ", started by SetInitialAPState\n" : ", started by a trampoline\n");
}

/// The first of the kernel's code on another processor: interrupts are off, the stack is that of
/// its main task.
extern "C" [[noreturn, gnu::used]] void secondary_main(Cpu& cpu) {
    enter_cpu(cpu);
    address_spaces::enter_kernel_tables_again();
    load_descriptor_tables(cpu);
    load_task_register();
    set_up_system_calls();
    local_apic::enable();
    cpu.online.store(true, std::memory_order_release);
    wait_for_work(cpu);
}

} // namespace guest::processors
