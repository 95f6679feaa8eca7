// Attacks that the guest does not survive: the run ends with a diagnosis.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"

#include <cstring>

namespace guest::hostile {
namespace {

void triple_fault(Attempt&) {
    const abi::PseudoDescriptor none{0, 0};
    asm volatile("lidt %0\n\tud2" : : "m"(none) : "memory");
}

void raise_on(std::uint64_t stack) {
    asm volatile("movq %0, %%rsp\n\tud2" : : "r"(stack) : "memory");
}

void stack_in_rom(Attempt&) {
    constexpr std::uint64_t linear = 0x30000000;
    AddressSpace space = address_spaces::create(1);
    TableWalk walk(space.root);
    page_tables::write(walk.make_entry(linear), abi::rom_base | pte::read_write);
    address_spaces::load(space.root);
    raise_on(linear + page_size);
}

void root_in_monitor(Attempt&) {
    asm volatile("mov %0, %%cr3" : : "r"(monitors_memory()) : "memory");
}

/// The stack is mapped through a root of which the monitor knows nothing.
void stack_in_monitor(Attempt&) {
    constexpr std::uint64_t linear = 0x30000000;
    constexpr std::uint64_t rights = pte::present | pte::writable | pte::accessed | pte::dirty;
    const std::uint64_t root = pages::allocate();
    std::memcpy(linear_pointer<void>(root), linear_pointer<void>(this_cpu().root), page_size);
    std::uint64_t table = root;
    for (std::uint32_t level = pte::levels; level > 1; --level) {
        const std::uint64_t next = pages::allocate();
        pte::table_at(table)[pte::index_of(linear, level)] = next | rights;
        table = next;
    }
    pte::table_at(table)[pte::index_of(linear, 1)] = monitors_memory() | rights;
    asm volatile("mov %0, %%cr3" : : "r"(root) : "memory");
    raise_on(linear + page_size);
}

void init_to_itself(Attempt&) {
    local_apic::choose_mode(false);
    local_apic::enable();
    local_apic::send_init(local_apic::identifier());
    for (std::uint32_t i = 0; i < 1'000'000; ++i)
        asm volatile("pause");
}

constexpr AttackCode codes[]{
    {"stop-triple-fault", triple_fault},       {"stop-stack-in-rom", stack_in_rom},
    {"stop-root-in-monitor", root_in_monitor}, {"stop-stack-in-monitor", stack_in_monitor},
    {"stop-init-to-itself", init_to_itself},
};

} // namespace

std::span<const AttackCode> stopping_attacks() { return codes; }

} // namespace guest::hostile
