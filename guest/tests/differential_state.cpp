#include "guest/tests/differential_state.h"

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/msr.h"
#include "guest/kernel/cpu/native_registers.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/segment_registers.h"

namespace guest::tests::differential {

Shared shared;

namespace {

/// LDTs in pages of their own: a monitor protects an LDT like the GDT.
struct alignas(page_size) OwnLdt {
    std::uint64_t table[ldt_words];
};
[[gnu::section(".descriptor_tables")]] OwnLdt own_ldt[max_processors];

constexpr std::uint16_t ldt_selector_of_slot_0 = 4 + 3; // table indicator 1, RPL 3

std::uint64_t& bitmap_word(const Cpu& cpu, std::uint32_t index) {
    return *reinterpret_cast<std::uint64_t*>(reinterpret_cast<std::uint8_t*>(cpu.tss) +
                                             io_map_present + index * sizeof(std::uint64_t));
}

std::uint16_t real_ldtr() {
    std::uint32_t value = 0;
    asm volatile("sldt %0" : "=r"(value));
    return static_cast<std::uint16_t>(value);
}

std::uint64_t fs_base_by(Cpu& cpu, std::uint16_t selector) {
    const std::uint64_t faults = cpu.segment_faults;
    segment_registers::load_fs(selector);
    const std::uint64_t base = paravirt::rdmsr(msr::fs_base);
    const bool faulted = cpu.segment_faults != faults;
    cpu.segment_faults = faults;
    segment_registers::load_fs(0);
    return faulted ? no_access : base;
}

volatile std::uint64_t* table_of(const Cpu& cpu) {
    return linear_pointer<volatile std::uint64_t>(shared.table_frame[cpu.number]) +
           pte::index_of(region(cpu), 1);
}

void put_back_tables(Cpu& cpu, const State& now, const State& wanted) {
    for (std::uint32_t i = 0; i < 4; ++i)
        if (now[gdt + i] != wanted[gdt + i])
            paravirt::write_gdt_entry(cpu.gdt, gdt_spare + i, wanted[gdt + i]);
    if (now[ldtr] == 0)
        paravirt::set_ldt(ldt_selector);
    for (std::uint32_t i = 0; i < ldt_words; ++i)
        if (now[ldt + i] != wanted[ldt + i])
            paravirt::write_ldt_entry(ldt_of(cpu), i, wanted[ldt + i]);
    if (wanted[ldtr] == 0)
        paravirt::set_ldt(0);
    for (std::uint32_t i = 0; i < ports; ++i) {
        if (now[bitmap + i] != wanted[bitmap + i])
            paravirt::write_tss_word(cpu.tss, io_map_present + i * sizeof(std::uint64_t),
                                     wanted[bitmap + i]);
    }
    if (now[kernel_stack] != wanted[kernel_stack])
        paravirt::update_kernel_stack(cpu.tss, wanted[kernel_stack]);
}

} // namespace

std::uint64_t region(const Cpu& cpu) {
    return user_memory_base + std::uint64_t{cpu.number} * pages * page_size;
}

std::uint64_t* entry_of(const Cpu& cpu, std::uint32_t space, std::uint32_t page) {
    return page_tables::find(shared.space[space].root, region(cpu) + page * page_size);
}

std::uint64_t* ldt_of(const Cpu& cpu) { return own_ldt[cpu.number].table; }

void set_up(Cpu& cpu) {
    const SystemDescriptor descriptor =
        system_descriptor(address_of(ldt_of(cpu)), sizeof(OwnLdt::table) - 1, system_type_ldt);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, descriptor.high);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, descriptor.low);
    paravirt::set_ldt(ldt_selector);
    address_spaces::load(shared.space[0].root);
}

void tear_down(Cpu& cpu) {
    address_spaces::load(address_spaces::kernel().root);
    paravirt::set_ldt(0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, 0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, 0);
}

State look(Cpu& cpu) {
    State state{};
    for (std::uint32_t i = 0; i < 4; ++i)
        state[gdt + i] = static_cast<volatile std::uint64_t*>(cpu.gdt)[gdt_spare + i];
    for (std::uint32_t i = 0; i < ldt_words; ++i)
        state[ldt + i] = static_cast<volatile std::uint64_t*>(ldt_of(cpu))[i];
    for (std::uint32_t i = 0; i < ports; ++i)
        state[bitmap + i] = static_cast<volatile std::uint64_t&>(bitmap_word(cpu, i));
    state[kernel_stack] = cpu.tss->rsp[0];
    state[task_switched] = native::read_cr0() & cr0_ts;
    state[ldtr] = real_ldtr();
    state[debug] = paravirt::get_dr<0>();
    state[debug + 1] = paravirt::get_dr<1>();
    state[debug + 2] = paravirt::get_dr<2>();
    state[debug + 3] = paravirt::get_dr<3>();
    state[root] = cpu.root == shared.space[1].root ? 1 : 0;
    for (std::uint32_t i = 0; i < spaces * pages; ++i)
        state[entries + i] =
            *static_cast<volatile std::uint64_t*>(entry_of(cpu, i / pages, i % pages));
    for (std::uint32_t i = 0; i < cloned_entries; ++i)
        state[cloned + i] = table_of(cpu)[i];
    for (std::uint32_t i = 0; i < pages; ++i) {
        const std::uint64_t linear = region(cpu) + i * page_size;
        std::uint64_t& found = state[contents + i];
        if (!try_read(linear, found))
            found = no_access;
        else if (try_write(linear, found))
            state[writable] |= std::uint64_t{1} << i;
    }
    state[tls_base] = fs_base_by(cpu, tls_selector(0));
    state[tls_base + 1] = fs_base_by(cpu, ldt_selector_of_slot_0);
    return state;
}

void put_back(Cpu& cpu, const State& wanted) {
    const State now = look(cpu);
    put_back_tables(cpu, now, wanted);
    if (now[task_switched] != wanted[task_switched])
        paravirt::set_cr0(cpu.cr0 | wanted[task_switched]);
    paravirt::set_dr<0>(wanted[debug]);
    paravirt::set_dr<1>(wanted[debug + 1]);
    paravirt::set_dr<2>(wanted[debug + 2]);
    paravirt::set_dr<3>(wanted[debug + 3]);
    for (std::uint32_t i = 0; i < spaces * pages; ++i)
        if (now[entries + i] != wanted[entries + i])
            page_tables::write(entry_of(cpu, i / pages, i % pages), wanted[entries + i]);
    for (std::uint32_t i = 0; i < cloned_entries; ++i)
        table_of(cpu)[i] = wanted[cloned + i];
    if (now[root] != wanted[root])
        address_spaces::load(shared.space[wanted[root]].root);
    if (shared.needs_invalidation)
        for (std::uint32_t i = 0; i < pages; ++i)
            paravirt::inval_page(region(cpu) + i * page_size);
}

} // namespace guest::tests::differential
