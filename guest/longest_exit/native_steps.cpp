// Instructions of the kernel that exit on one profile or another.

#include "guest/hostile/caught.h"
#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/native_registers.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/longest_exit/measurement.h"
#include "guest/longest_exit/steps.h"

#include <iterator>

namespace guest::longest_exit {
namespace {

using native::read_cr0;
using native::read_cr3;
using native::read_cr4;

void write_cr0(std::uint64_t value) { asm volatile("movq %0, %%cr0" : : "r"(value) : "memory"); }
void write_cr4(std::uint64_t value) { asm volatile("movq %0, %%cr4" : : "r"(value) : "memory"); }
std::uint64_t read_msr(std::uint32_t msr) {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return std::uint64_t{high} << 32 | low;
}
void write_msr(std::uint32_t msr, std::uint64_t value) {
    asm volatile("wrmsr" : : "c"(msr), "a"(value), "d"(value >> 32) : "memory");
}

void reload_cr3(const Step&) { load_root(read_cr3()); }

/// The stores in between are to pages that may be read-only.
void toggle_write_protection(const Step& step) {
    const std::uint64_t value = read_cr0();
    write_cr0(value & ~cr0_wp);
    for (std::uint32_t page = 0; page < step.count(512); ++page) {
        const std::uint64_t linear = (step.first() + page) * page_size;
        (void)hostile::caught([&] {
            asm volatile("lock addq $0, (%0)" : : "r"(linear) : "cc", "memory");
        });
    }
    write_cr0(value | cr0_wp);
}

void toggle_task_switched(const Step&) {
    write_cr0(read_cr0() | cr0_ts);
    asm volatile("clts" : : : "memory");
}

void toggle_global_pages(const Step&) {
    const std::uint64_t value = read_cr4();
    write_cr4(value ^ cr4_pge);
    write_cr4(value);
}

void toggle_supervisor_execution(const Step&) {
    constexpr std::uint64_t cr4_smep = 1 << 20;
    const std::uint64_t value = read_cr4();
    (void)hostile::caught([&] { write_cr4(value ^ cr4_smep); });
    write_cr4(value);
}

void invalidate(const Step& step) {
    const std::uint64_t distance = std::uint64_t{1} << pte::shift(1 + step.variation / 16 % 3);
    for (std::uint32_t number = 0; number < step.count(512); ++number) {
        const std::uint64_t linear = (step.first() + number) * distance;
        asm volatile("invlpg (%0)" : : "r"(linear) : "memory");
    }
}

/// Its registers are no longer mapped then. There is no way back.
void leave_xapic_mode(const Step&) {
    if (local_apic::x2apic())
        return;
    paravirt::disable_interrupts(); // none can be ended in between
    local_apic::choose_mode(false);
    local_apic::enable();
    resume_interrupts();
}

/// A root whose kernel half has large pages without execute-disable: with it the kernel runs while
/// EFER.NXE is clear. Its user half is that of another root.
std::uint64_t root_without_execute_disable(std::uint64_t user_half) {
    static std::uint64_t table[pte::levels + 1];
    for (std::uint32_t level = pte::levels; level > 1 && table[level] == 0; --level)
        table[level] = pages::allocate();
    for (std::uint32_t slot = 0; slot < pte::entries; ++slot) {
        pte::table_at(table[2])[slot] = slot * pte::large_page_size | pte::present | pte::writable |
                                        pte::accessed | pte::dirty | pte::large;
    }
    pte::table_at(table[3])[pte::index_of(kernel_base, 3)] = table[2] | pte::to_table;
    for (std::uint32_t slot = 0; slot < pte::first_kernel_entry; ++slot)
        pte::table_at(table[4])[slot] = pte::table_at(user_half)[slot];
    pte::table_at(table[4])[pte::index_of(kernel_base, 4)] = table[3] | pte::to_table;
    return table[4];
}

void toggle_execute_disable(const Step& step) {
    std::uint64_t other = objects::recent_table(pte::levels, step.first());
    const std::uint64_t now = read_cr3();
    other = other != 0 ? other : now;
    const std::uint64_t root = root_without_execute_disable(other & pte::address_mask);
    leave_xapic_mode(step); // that root does not map the registers
    load_root(root);
    if (read_cr3() == root) {
        const std::uint64_t value = read_msr(msr::efer);
        (void)hostile::caught([&] { write_msr(msr::efer, value & ~msr::efer_nxe); });
        (void)hostile::caught([&] { write_msr(msr::efer, value); });
    }
    load_root(now);
}

abi::PseudoDescriptor operand;

void load_large_gdt(const Step&) {
    operand = {largest_descriptor_table - 1, to_linear(objects::hot_page(first_gdt_page))};
    asm volatile("lgdt %0" : : "m"(operand) : "memory");
}
void load_kernel_gdt(const Step&) {
    operand = {gdt_limit, address_of(this_cpu().gdt)};
    asm volatile("lgdt %0" : : "m"(operand) : "memory");
}
void load_idt(const Step&) {
    operand = {idt_limit, address_of(this_cpu().idt)};
    asm volatile("lidt %0" : : "m"(operand) : "memory");
}
void load_ldt(const Step& step) {
    const std::uint16_t none = 0;
    if (step.flag(0))
        asm volatile("lldt %0" : : "r"(none) : "memory");
    asm volatile("lldt %0" : : "r"(ldt_selector) : "memory");
}
void load_task_register(const Step&) { asm volatile("ltr %0" : : "r"(tss_selector) : "memory"); }

void identify(const Step& step) { (void)paravirt::cpuid(step.first()); }

void write_page_attributes(const Step&) {
    constexpr std::uint32_t pat_msr = 0x277;
    write_msr(pat_msr, read_msr(pat_msr));
}

/// From a port that exits, into pages that may be protected.
void input_string(const Step& step) {
    constexpr std::uint16_t keyboard_controller = 0x64;
    std::uint64_t to = to_linear(objects::hot_page(step.first()));
    std::uint64_t count = step.count(2 * page_size);
    asm volatile("rep insb" : "+D"(to), "+c"(count) : "d"(keyboard_controller) : "memory");
}

void store_to_gdt(const Step& step) {
    std::uint64_t* const gdt =
        step.flag(0) ? linear_pointer<std::uint64_t>(objects::hot_page(first_gdt_page))
                     : this_cpu().gdt;
    *static_cast<volatile std::uint64_t*>(&gdt[gdt_spare]) = tls_descriptor(step.first());
}

struct NativeKind {
    std::string_view name;
    Perform perform;
};
constexpr NativeKind native_kinds[]{
    {"CR3", reload_cr3},
    {"CR0.WP", toggle_write_protection},
    {"CR0.TS", toggle_task_switched},
    {"CR4.PGE", toggle_global_pages},
    {"CR4.SMEP", toggle_supervisor_execution},
    {"INVLPG", invalidate},
    {"EFER.NXE", toggle_execute_disable},
    {"LGDT-large", load_large_gdt},
    {"LGDT", load_kernel_gdt},
    {"LIDT", load_idt},
    {"LLDT", load_ldt},
    {"LTR", load_task_register},
    {"x2APIC", leave_xapic_mode},
    {"CPUID", identify},
    {"PAT", write_page_attributes},
    {"INS", input_string},
    {"GDT-store", store_to_gdt},
};

const NativeKind& native_of(const Step& step) {
    return native_kinds[step.variation % std::size(native_kinds)];
}

} // namespace

std::string_view name_of_native(const Step& step) { return native_of(step).name; }

void execute_native(const Step& step) {
    (void)hostile::caught([&] { native_of(step).perform(step); });
}

} // namespace guest::longest_exit
