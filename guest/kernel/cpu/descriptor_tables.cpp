#include "guest/kernel/cpu/descriptor_tables.h"

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/vcpu_area.h"

namespace guest {
namespace {

template <typename T>
struct alignas(page_size) OwnPages {
    T table;
};

[[gnu::section(".descriptor_tables")]] OwnPages<std::uint64_t[gdt_slots]> gdt[max_processors];
[[gnu::section(".descriptor_tables")]] OwnPages<std::uint64_t[2 * interrupt_vectors]> idt;
[[gnu::section(".descriptor_tables")]] OwnPages<TaskStateSegment> tss[max_processors];
static_assert(sizeof(gdt[0]) == page_size && sizeof(idt) == page_size);

alignas(page_size) std::uint8_t emergency_stack_memory[max_processors][page_size];

void fill_gdt(const Cpu& cpu) {
    cpu.gdt[gdt_kernel_code] = kernel_code_descriptor;
    cpu.gdt[gdt_kernel_data] = kernel_data_descriptor;
    cpu.gdt[gdt_user_data] = user_data_descriptor;
    cpu.gdt[gdt_user_code] = user_code_descriptor;
    const SystemDescriptor descriptor =
        system_descriptor(address_of(cpu.tss), tss_limit, system_type_tss_available);
    cpu.gdt[gdt_tss] = descriptor.low;
    cpu.gdt[gdt_tss + 1] = descriptor.high;
}

void fill_idt() {
    for (std::uint32_t vector = 0; vector < interrupt_vectors; ++vector) {
        const std::uint64_t entry = interrupts::entry_of(vector);
        if (entry == 0)
            continue;
        const bool emergency =
            vector == interrupts::double_fault || vector == interrupts::non_maskable;
        const SystemDescriptor descriptor =
            gate(entry, system_type_interrupt_gate,
                 vector == interrupts::system_call_vector ? 3 : 0, emergency ? emergency_stack : 0);
        const std::size_t low = std::size_t{2} * vector;
        idt.table[low] = descriptor.low;
        idt.table[low + 1] = descriptor.high;
    }
}

void fill_tss(const Cpu& cpu) {
    TaskStateSegment& segment = *cpu.tss;
    segment.rsp[0] = cpu.kernel_stack;
    segment.ist[emergency_stack - 1] = address_of(emergency_stack_memory[cpu.number]) + page_size;
    segment.io_map_base = io_map_none;
    for (std::uint32_t i = 0; i < io_ports / 64; ++i)
        segment.io_bitmap[i] = ~std::uint64_t{0};
    segment.io_bitmap_end = 0xFF;
}

/// Reloads every segment register, CS by a far return (Intel SDM vol. 3, 3.4.3).
void reload_segment_registers() {
    asm volatile("pushq %[code]\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movl %[data], %%eax\n\t"
                 "movl %%eax, %%ss\n\t"
                 "movl %%eax, %%ds\n\t"
                 "movl %%eax, %%es"
                 :
                 : [code] "i"(kernel_code_selector), [data] "i"(kernel_data_selector)
                 : "rax", "memory");
}

} // namespace

void fill_descriptor_tables(Cpu& cpu) {
    cpu.gdt = gdt[cpu.number].table;
    cpu.idt = idt.table;
    cpu.tss = &tss[cpu.number].table;
    fill_gdt(cpu);
    if (cpu.number == 0)
        fill_idt();
    fill_tss(cpu);
}

void load_descriptor_tables(const Cpu& cpu) {
    const abi::PseudoDescriptor gdt_register{gdt_limit, address_of(cpu.gdt)};
    const abi::PseudoDescriptor idt_register{idt_limit, address_of(cpu.idt)};
    paravirt::set_gdt(&gdt_register);
    reload_segment_registers();
    paravirt::set_idt(&idt_register);
}

void load_task_register() {
    paravirt::set_tr(tss_selector);
    paravirt::set_ldt(0);
}

} // namespace guest
