#include "guest/kernel/interrupts/local_apic.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/cpu/lazy_section.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"

namespace guest::local_apic {
namespace {

// Offsets of registers in the page of the xAPIC; MSR 0x800 + offset / 16 is the same register.
constexpr std::uint32_t end_of_interrupt_register = 0xB0;
constexpr std::uint32_t spurious_register = 0xF0;
constexpr std::uint32_t command_register = 0x300;
constexpr std::uint32_t command_destination = 0x310;
constexpr std::uint32_t timer_register = 0x320;
constexpr std::uint32_t timer_initial_count = 0x380;
constexpr std::uint32_t timer_divide = 0x3E0;

constexpr std::uint32_t first_x2apic_msr = 0x800;
constexpr std::uint32_t base_msr = 0x1B;
constexpr std::uint64_t base_x2apic = 1 << 10;
constexpr std::uint64_t base_enabled = 1 << 11;
constexpr std::uint64_t base_address = 0xFEE00000;

constexpr std::uint32_t software_enabled = 1 << 8;
constexpr std::uint32_t delivery_init = 5 << 8;
constexpr std::uint32_t delivery_startup = 6 << 8;
constexpr std::uint32_t level_assert = 1 << 14;
constexpr std::uint32_t delivery_pending = 1 << 12;
constexpr std::uint32_t timer_periodic = 1 << 17;
constexpr std::uint32_t timer_masked = 1 << 16;
constexpr std::uint32_t divide_by_one = 0b1011;

constexpr std::uint32_t leaf1_ecx_x2apic = 1 << 21;
constexpr std::uint32_t topology_leaf = 0xB;

bool in_x2apic_mode;

volatile std::uint32_t& memory_register(std::uint32_t offset) {
    return *reinterpret_cast<volatile std::uint32_t*>(local_apic_linear + offset);
}

void write(std::uint32_t offset, std::uint32_t value) {
    if (in_x2apic_mode)
        paravirt::wrmsr(first_x2apic_msr + offset / 16, value);
    else
        memory_register(offset) = value;
}

/// In xAPIC mode the command register consists of two registers. An interrupt between the two
/// writes might send a command too, so interrupts are off.
void send(std::uint32_t apic_id, std::uint32_t command) {
    if (in_x2apic_mode) {
        // WRMSR to these registers does not wait for earlier stores (Intel SDM vol. 3, 11.12.3).
        asm volatile("mfence" : : : "memory");
        return paravirt::wrmsr(first_x2apic_msr + command_register / 16,
                               std::uint64_t{apic_id} << 32 | command);
    }
    const std::uint64_t flags = disable_interrupts_and_get_flags();
    memory_register(command_destination) = apic_id << 24;
    memory_register(command_register) = command;
    while ((memory_register(command_register) & delivery_pending) != 0)
        asm volatile("pause");
    enable_interrupts_if(flags);
}

void map_registers() {
    constexpr std::uint64_t uncached = 1 << 4 | 1 << 3; // PCD, PWT
    Cpu& cpu = this_cpu();
    const std::uint64_t errors = cpu.lazy_mode_errors;
    {
        const LazySection section(cpu);
        TableWalk walk(address_spaces::kernel().root);
        page_tables::write(walk.make_entry(local_apic_linear),
                           base_address | pte::read_write | pte::global | uncached);
    }
    if (cpu.lazy_mode_errors != errors)
        panic("the local APIC's registers cannot be mapped");
}

} // namespace

std::uint32_t identifier() {
    if (in_x2apic_mode)
        return paravirt::cpuid(topology_leaf).edx;
    return paravirt::cpuid(1).ebx >> 24;
}

bool x2apic() { return in_x2apic_mode; }

void choose_mode(bool force_xapic) {
    in_x2apic_mode = !force_xapic && (paravirt::cpuid(1).ecx & leaf1_ecx_x2apic) != 0 &&
                     paravirt::cpuid(0).eax >= topology_leaf;
    if (!in_x2apic_mode)
        map_registers();
}

void enable() {
    std::uint64_t base = paravirt::rdmsr(base_msr);
    if (!in_x2apic_mode && (base & (base_x2apic | pte::address_mask)) != base_address)
        panic("the local APIC is not where it should be, or in x2APIC mode already");
    base |= base_enabled;
    paravirt::wrmsr(base_msr, base);
    if (in_x2apic_mode) // disabled, then enabled, then x2APIC (Intel SDM vol. 3, 11.12.5)
        paravirt::wrmsr(base_msr, base | base_x2apic);
    write(spurious_register, software_enabled | interrupts::spurious_vector);
}

void end_of_interrupt() { write(end_of_interrupt_register, 0); }

void send_init(std::uint32_t apic_id) { send(apic_id, delivery_init | level_assert); }

void send_startup(std::uint32_t apic_id, std::uint8_t page) {
    send(apic_id, delivery_startup | level_assert | page);
}

void send_interrupt(std::uint32_t apic_id, std::uint32_t vector) {
    send(apic_id, level_assert | vector);
}

void start_timer(std::uint32_t vector, std::uint32_t ticks) {
    write(timer_divide, divide_by_one);
    write(timer_register, timer_periodic | vector);
    write(timer_initial_count, ticks);
}

void stop_timer() { write(timer_register, timer_masked | interrupts::spurious_vector); }

} // namespace guest::local_apic
