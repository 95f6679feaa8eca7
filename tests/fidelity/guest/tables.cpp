#include "tests/fidelity/guest/tables.h"

#include "guest/kernel/cpu/segment.h"
#include "shared/vcpu_area.h"
#include "tests/fidelity/guest/processor.h"

#include <array>
#include <cstring>

extern "C" const char vector_entries[];

namespace fidelity {

TablePage gdt_page;
TablePage ldt_page;
TablePage idt_page;
TablePage tss_page;

namespace {

constexpr std::size_t entry_size = 32; // entry.S
constexpr std::size_t stack_size = 4096;

/// Stacks of IST 1 to 4: most exceptions; #DF, NMI and machine checks; #PF; #DB.
alignas(16) std::uint8_t stacks[4][stack_size];
/// RSP0.
alignas(16) std::uint8_t ring_0_stack[stack_size];

struct Original {
    const TablePage* page;
    TablePage words;
};
std::array<Original, 4> originals;

void set_descriptor(std::uint16_t selector, std::uint64_t descriptor) {
    gdt_page.word[gdt_offset / 8 + selector / 8] = descriptor;
}

/// The same descriptor with another base.
constexpr std::uint64_t with_base(std::uint64_t descriptor, std::uint64_t base) {
    return (descriptor & 0x00FFFF000000FFFF) | (base & 0xFFFFFF) << 16 | (base >> 24 & 0xFF) << 56;
}
/// The same descriptor with a limit in pages.
constexpr std::uint64_t with_limit(std::uint64_t descriptor, std::uint64_t pages) {
    return (descriptor & 0xFFF0FFFFFFFF0000) | (pages & 0xFFFF) | (pages >> 16 & 0xF) << 48;
}

void fill_gdt() {
    constexpr std::uint64_t data = 0x00CFF3000000FFFF;
    set_descriptor(kernel_code, 0x00AF9B000000FFFF);
    set_descriptor(kernel_data, 0x00CF93000000FFFF);
    set_descriptor(user_code_32, 0x00CFFB000000FFFF);
    set_descriptor(user_data, data);
    set_descriptor(user_code, 0x00AFFB000000FFFF);
    set_descriptor(kernel_code_32, 0x00CF9B000000FFFF);
    set_descriptor(kernel_code_16, with_base(0x008F9B000000FFFF, window_base));
    set_descriptor(user_code_16, with_base(0x008FFB000000FFFF, window_base));
    set_descriptor(limited_data, with_limit(data, slot_address(slot_data_2) >> 12));
    set_descriptor(based_data, with_base(data, data_base));
    set_descriptor(read_only_data, 0x00CFF1000000FFFF);
    set_descriptor(expand_down_data,
                   with_limit(0x00CFF7000000FFFF, slot_address(slot_data_0) >> 12));
    set_descriptor(absent_data, 0x00CF73000000FFFF);
    set_descriptor(absent_code, 0x00AF7B000000FFFF);
    set_descriptor(conforming_code, 0x00AFFF000000FFFF);
    set_descriptor(execute_only_code, 0x00AFF9000000FFFF);
    set_descriptor(absent_ldt, 0x000002000000FFFF);
    const guest::SystemDescriptor tss = guest::system_descriptor(
        address_of(&tss_page) + tss_offset, tss_limit, guest::system_type_tss_available);
    set_descriptor(tss_selector, tss.low);
    set_descriptor(tss_selector + 8, tss.high);
    const guest::SystemDescriptor ldt = guest::system_descriptor(address_of(&ldt_page) + ldt_offset,
                                                                 ldt_limit, guest::system_type_ldt);
    set_descriptor(ldt_selector, ldt.low);
    set_descriptor(ldt_selector + 8, ldt.high);
    ldt_page.word[ldt_offset / 8 + ldt_data / 8] = data;
    ldt_page.word[ldt_offset / 8 + ldt_code / 8] = 0x00AFFB000000FFFF;
}

std::uint8_t stack_of(std::uint32_t vector) {
    switch (vector) {
    case 1:
        return 4;
    case 2:
    case 8:
    case 18:
        return 2;
    case 14:
    case pending_vector:
    case timer_vector:
    case end_vector:
        return 3;
    case plain_vector:
        return 0;
    default:
        return 1;
    }
}

void fill_idt() {
    for (std::uint32_t vector = 0; vector < first_spare_vector; ++vector) {
        constexpr std::uint8_t trap_gate = 0xF;
        const bool is_for_ring_3 =
            vector == 3 || vector == 4 || (vector >= end_vector && vector != kernel_vector);
        guest::SystemDescriptor gate =
            guest::gate(address_of(vector_entries) + vector * entry_size,
                        vector == trap_vector ? trap_gate : guest::system_type_interrupt_gate,
                        is_for_ring_3 ? 3 : 0, stack_of(vector));
        if (vector == absent_vector)
            gate.low &= ~(std::uint64_t{1} << 47);
        idt_page.word[idt_offset / 8 + std::size_t{2} * vector] = gate.low;
        idt_page.word[idt_offset / 8 + std::size_t{2} * vector + 1] = gate.high;
    }
}

std::uint8_t* tss() { return reinterpret_cast<std::uint8_t*>(&tss_page) + tss_offset; }

void fill_tss() {
    const auto set = [](std::size_t offset, std::uint64_t value) {
        std::memcpy(tss() + offset, &value, sizeof value);
    };
    set(4, address_of(ring_0_stack) + stack_size);
    for (std::size_t stack = 0; stack < 4; ++stack)
        set(36 + 8 * stack, address_of(stacks[stack]) + stack_size);
    std::memcpy(tss() + 102, &io_bitmap_offset, sizeof io_bitmap_offset);
    // Ports 0x60 to 0x6F and 0x3F8 to 0x3FF are open to ring 3.
    std::memset(tss() + io_bitmap_offset, 0xFF, io_bitmap_size + 1);
    std::memset(tss() + io_bitmap_offset + 0x60 / 8, 0, 2);
    tss()[io_bitmap_offset + 0x3F8 / 8] = 0;
}

void load_registers() {
    const abi::PseudoDescriptor gdt{gdt_limit, address_of(&gdt_page) + gdt_offset};
    const abi::PseudoDescriptor idt{idt_limit, address_of(&idt_page) + idt_offset};
    abi::PseudoDescriptor now{};
    asm volatile("sgdt %0" : "=m"(now));
    if (now.limit != gdt.limit || now.base != gdt.base)
        asm volatile("lgdt %0" : : "m"(gdt) : "memory");
    asm volatile("sidt %0" : "=m"(now));
    if (now.limit != idt.limit || now.base != idt.base)
        asm volatile("lidt %0" : : "m"(idt) : "memory");
    // Outside 64-bit mode a case may have loaded LDTR with the same selector and another base.
    asm volatile("lldt %0" : : "r"(ldt_selector) : "memory");
}

void keep_original(Original& original, const TablePage& page) {
    original.page = &page;
    std::memcpy(original.words.word, page.word, page_size);
}

void restore(TablePage& page) {
    const TablePage& original = original_of(page);
    auto* const words = static_cast<volatile std::uint64_t*>(page.word);
    for (std::size_t index = 0; index < page_size / 8; ++index)
        if (words[index] != original.word[index])
            words[index] = original.word[index];
}

} // namespace

void load_tables() {
    constexpr std::uint64_t busy = std::uint64_t{1} << 41;
    gdt_page.word[gdt_offset / 8 + tss_selector / 8] &= ~busy;
    load_registers();
    asm volatile("pushq %[code]\n\t"
                 "leaq 1f(%%rip), %%rax\n\t"
                 "pushq %%rax\n\t"
                 "lretq\n"
                 "1:\n\t"
                 "movl %[data], %%eax\n\t"
                 "movl %%eax, %%ss\n\t"
                 "ltr %w[tss]"
                 :
                 : [code] "i"(kernel_code), [data] "i"(kernel_data), [tss] "r"(tss_selector)
                 : "rax", "memory");
}

void initialise_tables() {
    fill_gdt();
    fill_idt();
    fill_tss();
    load_tables();
    std::size_t count = 0;
    for (const TablePage* page : {&gdt_page, &ldt_page, &idt_page, &tss_page})
        keep_original(originals[count++], *page);
}

const TablePage& original_of(const TablePage& page) {
    for (const Original& original : originals)
        if (original.page == &page)
            return original.words;
    return page;
}

std::uint64_t safe_exception_stack() { return address_of(stacks[0]) + stack_size; }

void set_exception_stack(std::uint64_t top) {
    std::uint64_t now = 0;
    std::memcpy(&now, tss() + 36, sizeof now);
    if (now == top)
        return;
    // Two stores of four bytes: the field is not aligned.
    *reinterpret_cast<volatile std::uint32_t*>(tss() + 36) = static_cast<std::uint32_t>(top);
    *reinterpret_cast<volatile std::uint32_t*>(tss() + 40) = static_cast<std::uint32_t>(top >> 32);
}

void restore_tables() {
    restore(gdt_page);
    restore(ldt_page);
    restore(idt_page);
    restore(tss_page);
    load_registers();
}

} // namespace fidelity
