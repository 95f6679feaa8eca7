#include "hypervisor/host/processor/host_tables.h"

#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/descriptor.h"
#include "hypervisor/x86/msr.h"
#include "hypervisor/x86/segment.h"
#include "shared/vcpu_area.h"

extern "C" {
/// The entry points of all 32 exceptions, 16 bytes each (host/processor/host_exceptions.S).
extern const std::uint8_t host_exception_entries[];
}

namespace hv::cpu {

namespace {

constexpr std::uint32_t exception_count = 32;
constexpr std::uint64_t entry_size = 16;
constexpr std::uint8_t nmi_stack_number = 1; ///< of the interrupt-stack table

struct alignas(16) Gate {
    std::uint64_t low;
    std::uint64_t high;
};
Gate idt[exception_count];

} // namespace

std::uint64_t host_idt_base() { return reinterpret_cast<std::uint64_t>(idt); }

void load_host_tables(HostTables& tables, NmiState& nmi) {
    const auto tss = reinterpret_cast<std::uint64_t>(&tables.tss);
    constexpr std::uint32_t tss_rights = 1U << 7 | segment_type::tss_available; // present
    tables.gdt = {0, 0x00AF9B000000FFFF, 0x00CF93000000FFFF,
                  descriptor_from_segment(
                      {host_tss_selector, tss, sizeof(TaskStateSegment) - 1, {tss_rights}}),
                  tss >> 32};
    tables.tss.io_map_base = sizeof(TaskStateSegment);
    tables.tss.ist[nmi_stack_number - 1] =
        reinterpret_cast<std::uint64_t>(tables.nmi_stack.data()) + tables.nmi_stack.size();
    tables.nmi = &nmi;
    write_msr(number(Msr::ia32_fs_base), reinterpret_cast<std::uint64_t>(&tables.stack_protector));
    for (std::uint32_t vector = 0; vector < exception_count; ++vector) {
        const auto gate = GateDescriptor::make(
            reinterpret_cast<std::uint64_t>(host_exception_entries) + vector * entry_size,
            host_code_selector, segment_type::interrupt_gate, 0,
            vector == vector::nmi ? nmi_stack_number : 0);
        idt[vector] = {gate.low, gate.high};
    }
    const abi::PseudoDescriptor gdtr{sizeof(tables.gdt) - 1,
                                     reinterpret_cast<std::uint64_t>(tables.gdt.data())};
    const abi::PseudoDescriptor idtr{sizeof(idt) - 1, host_idt_base()};
    asm volatile("lgdt %0\n\t"
                 "lidt %1\n\t"
                 "pushq %2\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movl %3, %%eax\n\t"
                 "movl %%eax, %%ds\n\t"
                 "movl %%eax, %%es\n\t"
                 "movl %%eax, %%ss\n\t"
                 "ltr %w4"
                 :
                 : "m"(gdtr), "m"(idtr), "i"(host_code_selector), "i"(host_data_selector),
                   "r"(host_tss_selector)
                 : "rax", "memory");
}

void end_nmi_blocking() {
    asm volatile("movq %%rsp, %%rax\n\t"
                 "pushq %0\n\t"
                 "pushq %%rax\n\t"
                 "pushfq\n\t"
                 "pushq %1\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "iretq\n"
                 "1:"
                 :
                 : "i"(host_data_selector), "i"(host_code_selector)
                 : "rax", "memory");
}

} // namespace hv::cpu
