#include "guest/kernel/boot/start_processors.h"

#include "guest/kernel/boot/acpi.h"
#include "guest/kernel/boot/initial_state.h"
#include "guest/kernel/boot/panic.h"
#include "guest/kernel/boot/trampoline_page.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/cpu/control_register_setup.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/shootdown.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"
#include "shared/call_number.h"

namespace guest::processors {
namespace {

static_assert(acpi::max_processors == max_processors);

// Ticks of the TSC: from INIT to SIPI, until SIPI is sent again, and until a processor is given up.
constexpr std::uint64_t init_delay = 1'000'000;
constexpr std::uint64_t second_startup_delay = 20'000'000;
constexpr std::uint64_t start_limit = 400'000'000;

acpi::ProcessorList found;
std::uint16_t found_sleep_port;
bool by_state;

/// acpi::ReadablePhysical, valid only while the identity mapping exists.
const std::uint8_t* identity(std::uint64_t physical, std::uint64_t size) {
    constexpr std::uint64_t identity_end = std::uint64_t{1} << 32;
    if (physical >= identity_end || size > identity_end - physical)
        return nullptr;
    return reinterpret_cast<const std::uint8_t*>(physical);
}

void prepare_cpu(Cpu& cpu, std::uint32_t number, std::uint32_t apic_id) {
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
    found_sleep_port = acpi::find_sleep_port(rsdp, identity);
}

std::uint16_t sleep_port() { return found_sleep_port; }

bool started_by_state() { return by_state; }

bool try_start(const Cpu& cpu, std::uint8_t page, std::uint64_t limit) {
    local_apic::send_startup(cpu.apic_id, page);
    return wait_online(cpu, limit);
}

void prepare(const StartOptions& options) {
    if (found.count == 1)
        return;
    local_apic::choose_mode(options.xapic);
    local_apic::enable();
    this_cpu().apic_id = local_apic::identifier();
    for (std::uint32_t i = 1; i < found.count; ++i)
        prepare_cpu(cpu_of(i), i, found.apic_id[i]);
    online_count = found.count;
    shootdown::ask_monitor();
    by_state = !options.trampoline &&
               paravirt::ask(abi::Call::set_initial_ap_state).type == abi::RelocationType::call_rel;
}

void start() {
    if (!several())
        return;
    if (by_state)
        start_by_state();
    else
        start_by_trampoline();
    console::print("guest: ", count(), " processors, ", local_apic::x2apic() ? "x2APIC" : "xAPIC",
                   by_state ? ", started by SetInitialAPState\n" : ", started by a trampoline\n");
}

/// Where the kernel's C++ code begins on another processor. Interrupts are off, and the stack is
/// that of its main task.
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
