#include "hypervisor/boot/start_processors.h"

#include "hypervisor/boot/prepare_machine.h"
#include "hypervisor/boot/processor_entry.h"
#include "hypervisor/boot/relocate.h"
#include "hypervisor/boot/vmcs/requirements.h"
#include "hypervisor/exits/settle.h"
#include "hypervisor/host/console.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/host/processor/local_apic.h"
#include "hypervisor/processors/start_vcpu.h"

#include <cstring>

extern "C" {
// boot/processor_entry.S: the code that a processor starts with, and what it is told at its end.
extern const std::uint8_t processor_entry_begin[];
extern const std::uint8_t processor_entry_end[];
[[noreturn]] void vm_launch(hv::GuestRegisters* registers); // exits/vm_exit.S
}

namespace hv {

namespace {

constexpr std::uint64_t low_memory_end = 0xA0000;
/// Each read of this port takes about a microsecond on hardware.
constexpr std::uint16_t delay_port = 0x80;
constexpr std::uint32_t init_delay = 10'000; ///< SDM vol. 3, 9.4.4: 10 ms after INIT
constexpr std::uint32_t startup_delay = 200; ///< and 200 us after the first SIPI
constexpr std::uint32_t patience = 2'000'000;

std::uint32_t is_there; ///< set by the processor that has started

void delay(std::uint32_t microseconds) {
    for (std::uint32_t passed = 0; passed < microseconds; ++passed)
        cpu::read_port8(delay_port);
}

bool has_come() { return __atomic_load_n(&is_there, __ATOMIC_ACQUIRE) != 0; }

std::uint64_t choose_page(const VirtualMachine& machine, const PhysicalRange& taken) {
    for (std::uint64_t page = page_size; page < low_memory_end; page += page_size)
        if (machine.ram.is_ram(page, page_size) && !taken.overlaps({page, page + page_size}))
            return page;
    console::fail("no page below 640 KiB for the start of other processors; use --cpus 1");
}

void start_processor(Vcpu& vcpu, std::uint64_t page) {
    const ProcessorStart start{.root = static_cast<std::uint32_t>(cpu::read_cr3()),
                               .stack = reinterpret_cast<std::uint64_t>(vcpu.host_stack) +
                                        host_stack_size,
                               .argument = reinterpret_cast<std::uint64_t>(&vcpu)};
    const auto size = static_cast<std::uint64_t>(processor_entry_end - processor_entry_begin);
    std::memcpy(direct_pointer(page + size - sizeof(start)), &start, sizeof(start));
    is_there = 0;
    cpu::send_ipi(vcpu.apic_id, cpu::ipi::init);
    delay(init_delay);
    for (int attempt = 0; attempt < 2 && !has_come(); ++attempt) {
        cpu::send_ipi(vcpu.apic_id, cpu::ipi::startup(static_cast<std::uint8_t>(page / page_size)));
        delay(startup_delay);
    }
    for (std::uint32_t waited = 0; !has_come(); ++waited) {
        if (waited == patience)
            console::fail("the processor with APIC ID ", vcpu.apic_id,
                          " does not start; use --cpus 1");
        delay(1);
    }
}

} // namespace

void start_other_processors(VirtualMachine& machine, const PhysicalRange& taken) {
    if (machine.vcpu_count == 1)
        return;
    const std::uint64_t page = choose_page(machine, taken);
    const auto size = static_cast<std::uint64_t>(processor_entry_end - processor_entry_begin);
    std::memcpy(direct_pointer(page), processor_entry_begin, size);
    map_start_page(machine.pages, page);
    for (std::uint32_t number = 1; number < machine.vcpu_count; ++number)
        start_processor(*machine.vcpus[number], page);
    unmap_start_page();
    std::memset(direct_pointer(page), 0, page_size);
}

/// Called by boot/processor_entry.S, on the stack that the exit stub uses later.
extern "C" [[noreturn, gnu::used]] void processor_main(Vcpu& vcpu) {
    require_vmx();
    enter_monitor(vcpu);
    wait_for_start(vcpu);
    settle(vcpu);
    reset_statistics(vcpu);
    __atomic_store_n(&is_there, 1, __ATOMIC_RELEASE);
    vm_launch(&vcpu.registers);
}

} // namespace hv
