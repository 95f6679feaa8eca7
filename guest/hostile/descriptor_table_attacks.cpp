// Calls on descriptor tables with invalid addresses, indices and values.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/cpu/segment.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;
using abi::PseudoDescriptor;

constexpr std::uint64_t ones = ~std::uint64_t{0};
constexpr std::uint64_t not_canonical = std::uint64_t{1} << 63;
/// Bases at which no descriptor table lies, but which a monitor might use to stand for one that is
/// not loaded.
constexpr std::uint64_t odd_bases[]{0, not_canonical, ones, std::uint64_t{1} << 47};

struct Place {
    std::uint64_t base;
    std::uint16_t limit;
    Error expected;
};

void try_gdts(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t own = address_of(cpu.gdt);
    const Place places[]{
        {not_canonical, gdt_limit, Error::bad_address},
        {(std::uint64_t{1} << 47) - 16, gdt_limit, Error::bad_address},
        {ones - 15, gdt_limit, Error::bad_address},
        {ones - 15, 0xFFFF, Error::bad_address},
        {to_linear(monitors_memory()), gdt_limit, Error::bad_address},
        {to_linear(no_memory), gdt_limit, Error::bad_address},
        {to_linear(abi::rom_base), gdt_limit, Error::bad_address},
        {to_linear(abi::vcpu_area_base), gdt_limit, Error::bad_address},
        {to_linear(abi::statistics_base), gdt_limit, Error::bad_address},
        {to_linear(cpu.root), gdt_limit, Error::protected_page},
        {address_of(cpu.idt), gdt_limit, Error::protected_page},
        {address_of(cpu.tss), gdt_limit, Error::protected_page},
        {own, gdt_limit - 1, Error::bad_limit},
        {own, 7, Error::kernel_segment},
        {own, gdt_tss * 8 + 7, Error::tss_moved},
        {own, 0, Error::kernel_segment},
    };
    for (const Place& place : places) {
        const PseudoDescriptor descriptor{place.limit, place.base};
        attempt.told(vmcall(Call::set_gdt, address_of(&descriptor)), place.expected);
    }
    for (const std::uint64_t base : odd_bases) {
        const PseudoDescriptor descriptor{0xFFFF, base};
        attempt.told(vmcall(Call::set_idt, address_of(&descriptor)), Error::idt_moved);
    }
}

void try_selectors(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const Refusal selectors[]{
        {Call::set_tr, {0}, Error::bad_selector},
        {Call::set_tr, {tss_selector}, Error::bad_selector}, // busy
        {Call::set_tr, {kernel_code_selector}, Error::bad_selector},
        {Call::set_tr, {tss_selector | 4}, Error::bad_selector}, // of the LDT
        {Call::set_tr, {0xFFF8}, Error::bad_selector},
        {Call::set_tr, {gdt_slots * 8 - 8}, Error::bad_selector}, // its second half is outside
        {Call::set_ldt, {kernel_data_selector}, Error::bad_selector},
        {Call::set_ldt, {0xFFFC}, Error::bad_selector},
    };
    expect_refusals(attempt, selectors);
    const auto try_descriptor = [&](SystemDescriptor descriptor, Call call, Error expected) {
        paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, descriptor.high);
        paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, descriptor.low);
        attempt.told(vmcall(call, ldt_selector), expected);
    };
    constexpr std::uint64_t present = std::uint64_t{1} << 47;
    SystemDescriptor ldt = system_descriptor(address_of(cpu.gdt), 15, system_type_ldt);
    try_descriptor({ldt.low & ~present, ldt.high}, Call::set_ldt, Error::not_present);
    try_descriptor({ldt.low, ldt.high & 0xFFFF}, Call::set_ldt, Error::bad_descriptor);
    try_descriptor({ldt.low, ldt.high | std::uint64_t{1} << 63}, Call::set_ldt,
                   Error::bad_descriptor);
    try_descriptor(ldt, Call::set_ldt, Error::protected_page);
    try_descriptor(system_descriptor(to_linear(monitors_memory()), 15, system_type_ldt),
                   Call::set_ldt, Error::bad_address);
    try_descriptor(system_descriptor(ones - 7, 15, system_type_ldt), Call::set_ldt,
                   Error::bad_address);
    try_descriptor(system_descriptor(user_scratch_page, 0xFFFFF, system_type_ldt), Call::set_ldt,
                   Error::bad_limit);
    try_descriptor(system_descriptor(address_of(cpu.tss), 0x67, system_type_tss_available),
                   Call::set_tr, Error::tss_moved);
    try_descriptor({0, 0}, Call::set_ldt, Error::bad_selector);
}

void table_places(Attempt& attempt) {
    try_gdts(attempt);
    try_selectors(attempt);
    attempt.counted(counter::injected, 0);
}

/// A present descriptor of this type; `upper` holds bits 52 to 55.
constexpr std::uint64_t descriptor_of(std::uint64_t type_bits, std::uint64_t upper = 0) {
    return type_bits << 40 | upper << 52 | std::uint64_t{kernel_code_selector} << 16;
}

void write_wrong_places(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t gdt = address_of(cpu.gdt);
    const std::uint64_t idt = address_of(cpu.idt);
    const std::uint64_t tss = address_of(cpu.tss);
    constexpr std::uint64_t wraps = std::uint64_t{1} << 61; // times 8 it is 0
    const Refusal places[]{
        {Call::write_gdt_entry, {gdt, gdt_slots, 0}, Error::index_out_of_range},
        {Call::write_gdt_entry, {gdt, wraps | gdt_spare, 0}, Error::index_out_of_range},
        {Call::write_gdt_entry, {gdt, ones, 0}, Error::index_out_of_range},
        {Call::write_gdt_entry, {gdt + 8, gdt_spare, 0}, Error::not_current_table},
        {Call::write_idt_entry, {idt, 512, 0}, Error::index_out_of_range},
        {Call::write_idt_entry, {idt, wraps, 0}, Error::index_out_of_range},
        {Call::write_idt_entry, {gdt, 0, 0}, Error::not_current_table},
        {Call::write_tss_word, {tss, 4, 0}, Error::bad_alignment},
        {Call::write_tss_word, {tss, ones - 7, 0}, Error::index_out_of_range},
        {Call::write_tss_word, {tss, 0x10000, 0}, Error::index_out_of_range},
        {Call::update_kernel_stack, {tss, not_canonical}, Error::bad_address},
        {Call::update_kernel_stack, {gdt, 0}, Error::not_current_table},
    };
    expect_refusals(attempt, places);
    for (const std::uint64_t base : odd_bases) {
        const Refusal bases[]{
            {Call::write_gdt_entry, {base, gdt_first_tls, marker(1)}, Error::not_current_table},
            {Call::write_ldt_entry, {base, 0, 0}, Error::not_current_table},
            {Call::write_idt_entry, {base, 0, 0}, Error::not_current_table},
            {Call::write_tss_word, {base, 8, 0}, Error::not_current_table},
            {Call::update_kernel_stack, {base, 0}, Error::not_current_table}};
        expect_refusals(attempt, bases);
    }
}

void write_wrong_values(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t gdt = address_of(cpu.gdt);
    const std::uint64_t idt = address_of(cpu.idt);
    constexpr std::uint64_t gate_index = std::uint64_t{2} * 0x81;
    const Refusal values[]{
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0x8C)}, Error::call_gate},
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0xEC)}, Error::call_gate},
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0x85)}, Error::task_gate},
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0x80)}, Error::bad_descriptor},
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0x8E)}, Error::bad_descriptor},
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0x9A, 6)}, Error::bad_descriptor},
        {Call::write_gdt_entry, {gdt, gdt_spare, descriptor_of(0x9E, 2)}, Error::conforming_code},
        {Call::write_gdt_entry, {gdt, gdt_kernel_code, 0}, Error::kernel_segment},
        {Call::write_gdt_entry, {gdt, gdt_kernel_data, 0}, Error::kernel_segment},
        {Call::write_gdt_entry, {gdt, gdt_tss, 0}, Error::tss_moved},
        {Call::write_gdt_entry, {gdt, gdt_tss + 1, 0}, Error::tss_moved},
        {Call::write_idt_entry, {idt, gate_index, descriptor_of(0x85)}, Error::bad_gate},
        {Call::write_idt_entry, {idt, gate_index, descriptor_of(0x8C)}, Error::bad_gate},
        {Call::write_idt_entry, {idt, gate_index, descriptor_of(0x8E)}, Error::bad_gate},
        {Call::write_idt_entry, {idt, 2 * 14 + 1, 0}, Error::bad_gate},
    };
    expect_refusals(attempt, values);
    for (const Refusal& value : values) {
        const auto [base, index, descriptor] = value.argument;
        attempt.expect(!try_write(base + index * 8, descriptor), "a store is refused too");
    }
    attempt.counted(counter::refused_accesses, std::size(values));
    attempt.counted(counter::injected, std::size(values));
}

void table_entries(Attempt& attempt) {
    write_wrong_places(attempt);
    write_wrong_values(attempt);
}

void closed_ldt(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t page = pages::allocate();
    const SystemDescriptor descriptor = system_descriptor(to_linear(page), 15, system_type_ldt);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, descriptor.high);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, descriptor.low);
    attempt.told(vmcall(Call::set_ldt, ldt_selector), Error::none);
    attempt.told(vmcall(Call::write_ldt_entry, to_linear(page), 1, marker(1)), Error::none);
    attempt.told(vmcall(Call::set_ldt, 0), Error::none);
    *linear_pointer<volatile std::uint64_t>(page + 8) = 0;
    attempt.told(vmcall(Call::allocate_page, page / page_size, 0, abi::page_flags::pt),
                 Error::none);
    const std::uint64_t forged = monitors_memory() | pte::read_write;
    for (const std::uint64_t base : odd_bases) {
        const Refusal refusals[]{
            {Call::write_ldt_entry, {base, 0, forged}, Error::not_current_table},
            {Call::write_ldt_entry, {base, 1, forged}, Error::not_current_table}};
        expect_refusals(attempt, refusals);
    }
    const auto* const table = linear_pointer<const volatile std::uint64_t>(page);
    attempt.expect(table[0] == 0 && table[1] == 0, "the page table stays empty");
    attempt.told(vmcall(Call::release_page, page / page_size), Error::none);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, 0);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, 0);
    attempt.counted(counter::refused, 4 * std::size(odd_bases));
    pages::release(page);
}

constexpr AttackCode codes[]{
    {"table-places", table_places},
    {"table-entries", table_entries},
    {"closed-ldt", closed_ldt},
};

} // namespace

std::span<const AttackCode> descriptor_table_attacks() { return codes; }

} // namespace guest::hostile
