#include "guest/tests/worst_drain_tests.h"

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/console/console.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/boundary_scene.h"
#include "guest/tests/test_report.h"
#include "shared/call_table.h"
#include "shared/page_table_calls.h"

#include <array>

namespace guest::tests {
namespace {

using abi::Call;

/// The largest LDT there can be.
constexpr std::uint64_t ldt_bytes = 65536;
struct alignas(page_size) LargestLdt {
    std::uint64_t table[ldt_bytes / sizeof(std::uint64_t)];
};
[[gnu::section(".descriptor_tables")]] LargestLdt ldt;

constexpr std::uint64_t idt_half = std::uint64_t{2} * interrupts::test_vector;

/// Where a page table of its own begins.
constexpr std::uint64_t mapped_base = 0x20000000;
static_assert(mapped_base % pte::large_page_size == 0);

/// An address space with a page table of 512 pages, and the page that it is cloned into.
struct Pages {
    std::array<AddressSpace, 16> spaces; ///< more than can be loaded without an exit
    AddressSpace space;
    std::uint64_t* first_entry; ///< of the table
    std::uint64_t value;        ///< of its entries
    std::uint64_t* directory_entry;
    std::uint64_t directory_value;
    std::uint64_t table_frame;
    std::uint64_t root_frame;
    std::uint64_t free_frame;
};
Pages pages_used;

using Entry = ModelCall (*)(const Cpu& cpu, std::uint32_t index);

std::uint64_t at(const void* pointer) { return reinterpret_cast<std::uint64_t>(pointer); }
std::uint64_t physical(const void* pointer) { return to_physical(at(pointer)); }
bool odd(std::uint32_t index) { return index % 2 != 0; }

ModelCall write_gdt(const Cpu& cpu, std::uint32_t index) {
    return {Call::write_gdt_entry, {at(cpu.gdt), gdt_spare, tls_descriptor(index)}};
}
ModelCall write_idt(const Cpu& cpu, std::uint32_t index) {
    return {Call::write_idt_entry, {at(cpu.idt), idt_half, index}};
}
ModelCall write_tss(const Cpu& cpu, std::uint32_t index) {
    return {Call::write_tss_word, {at(cpu.tss), handler_word, index}};
}
ModelCall set_ldt(const Cpu&, std::uint32_t) { return {Call::set_ldt, {ldt_selector}}; }
ModelCall set_cr0(const Cpu& cpu, std::uint32_t) { return {Call::set_cr0, {cpu.cr0}}; }
ModelCall set_cr3(const Cpu&, std::uint32_t index) {
    return {Call::set_cr3, {pages_used.spaces[index % pages_used.spaces.size()].root}};
}
ModelCall set_page(const Cpu&, std::uint32_t index) {
    const std::uint64_t value = odd(index) ? pages_used.value : 0;
    return {Call::set_pxe, {value, physical(pages_used.first_entry)}};
}
ModelCall set_directory(const Cpu&, std::uint32_t index) {
    const std::uint64_t value = odd(index) ? pages_used.directory_value : 0;
    return {Call::set_pxe, {value, physical(pages_used.directory_entry)}};
}
ModelCall clone_table(const Cpu&, std::uint32_t index) {
    if (odd(index))
        return {Call::release_page, {pages_used.free_frame, abi::page_flags::pt}};
    const std::uint64_t flags = abi::page_flags::pt | abi::page_flags::clone;
    return {Call::allocate_page,
            {pages_used.free_frame, pages_used.table_frame,
             abi::AllocateOptions::make(flags, 0, pte::entries).encode()}};
}
ModelCall clone_root(const Cpu&, std::uint32_t index) {
    if (odd(index))
        return {Call::release_page, {pages_used.free_frame, abi::page_flags::pml4}};
    const std::uint64_t flags = abi::page_flags::pml4 | abi::page_flags::clone;
    return {Call::allocate_page,
            {pages_used.free_frame, pages_used.root_frame,
             abi::AllocateOptions::make(flags, 0, pte::entries).encode()}};
}
ModelCall inval_page(const Cpu&, std::uint32_t) { return {Call::inval_page, {mapped_base}}; }
ModelCall flush_tlb(const Cpu&, std::uint32_t) {
    return {Call::flush_tlb, {abi::flush_flags::global}};
}
ModelCall shootdown(const Cpu&, std::uint32_t) {
    return {Call::shootdown, {1, pages_used.space.root}};
}

/// As many short calls as begin before the monitor pauses, the longest call, and more short ones.
ModelCall mixture(const Cpu& cpu, std::uint32_t index) {
    constexpr std::uint32_t before_pause = 345;
    return index == before_pause ? set_ldt(cpu, index) : set_directory(cpu, index);
}

struct Ring {
    std::string_view name;
    Entry entry;
    std::uint32_t entries = abi::ring_capacity;
};
constexpr Ring rings[]{
    {"WriteGDTEntry", write_gdt},
    {"WriteIDTEntry", write_idt},
    {"WriteTSSWord", write_tss},
    {"SetLDT", set_ldt, 16}, // one an exit
    {"SetCR0", set_cr0},
    {"SetCR3", set_cr3},
    {"SetPxE-page", set_page},
    {"SetPxE-table", set_directory},
    {"AllocatePage-table", clone_table},
    {"AllocatePage-root", clone_root},
    {"InvalPage", inval_page},
    {"FlushTLB", flush_tlb},
    {"Shootdown", shootdown},
    {"mixture", mixture},
};

/// Whether the monitor takes a call from the ring.
bool queued(Call call) {
    const volatile std::uint8_t* const answers = vcpu_area().control.answer;
    return answers[static_cast<std::uint32_t>(call)] ==
           static_cast<std::uint8_t>(abi::Answer::queued);
}

struct Longest {
    std::uint64_t last; ///< monitor_ticks at the last interrupt
    std::uint64_t ticks;
};
Longest longest;

void note_interrupt(Cpu&) {
    const volatile abi::Statistics& statistics = *machine().statistics;
    const std::uint64_t now = statistics.monitor_ticks;
    if (now - longest.last > longest.ticks)
        longest.ticks = now - longest.last;
    longest.last = now;
}

void fill(const Cpu& cpu, const Ring& ring) {
    volatile abi::VcpuArea& area = vcpu_area();
    for (std::uint32_t i = 0; i < ring.entries; ++i) {
        const ModelCall call = ring.entry(cpu, i);
        volatile abi::RingEntry& slot =
            area.entry[(area.control.ring.tail + i) % abi::ring_capacity];
        slot.call = static_cast<std::uint16_t>(call.call);
        for (std::uint32_t n = 0; n < abi::max_arguments; ++n)
            slot.argument[n] = call.argument[n];
    }
    area.control.ring.tail = area.control.ring.tail + ring.entries;
}

/// Interrupts come all the time: whenever they can, one does.
void drain_with_interrupts(Cpu& cpu) {
    constexpr std::uint32_t often = 2000;
    longest = {machine().statistics->monitor_ticks, 0};
    cpu.on_tick = note_interrupt;
    local_apic::start_timer(interrupts::tick_vector, often);
    paravirt::enable_interrupts();
    paravirt::empty_call();
    paravirt::disable_interrupts();
    local_apic::stop_timer();
    cpu.on_tick = nullptr;
    note_interrupt(cpu);
}

bool try_ring(Cpu& cpu, const Ring& ring) {
    if (!queued(ring.entry(cpu, 0).call))
        return true;
    const volatile abi::Statistics& statistics = *machine().statistics;
    fill(cpu, ring);
    const std::uint64_t drained = statistics.drained;
    const std::uint64_t exits = statistics.exits;
    const std::uint64_t ticks = statistics.monitor_ticks;
    drain_with_interrupts(cpu);
    const std::uint64_t executed = statistics.drained - drained;
    console::print(
        "@worst-drain ring=", ring.name, " entries=", executed, " exits=", statistics.exits - exits,
        " instructions=", statistics.monitor_ticks - ticks, " longest=", longest.ticks, "\n");
    return executed == ring.entries;
}

void set_up(Cpu& cpu) {
    local_apic::choose_mode(false);
    local_apic::enable();
    Pages& used = pages_used;
    for (AddressSpace& space : used.spaces)
        space = address_spaces::create(1);
    used.space = address_spaces::create(1);
    const std::uint64_t page = pages::allocate();
    address_ranges::map(used.space, mapped_base, pte::entries, Frames(&page, 1),
                        PageAccess::read_write);
    used.first_entry = page_tables::find(used.space.root, mapped_base);
    used.value = *used.first_entry;
    used.table_frame = physical(used.first_entry) / page_size;
    used.root_frame = used.space.root / page_size;
    used.free_frame = pages::allocate() / page_size;
    TableWalk walk(used.space.root);
    used.directory_entry = walk.make_table_entry(mapped_base, 2);
    used.directory_value = *used.directory_entry;
    const SystemDescriptor descriptor =
        system_descriptor(at(ldt.table), sizeof(ldt.table) - 1, system_type_ldt);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt + 1, descriptor.high);
    paravirt::write_gdt_entry(cpu.gdt, gdt_ldt, descriptor.low);
}

} // namespace

bool run_worst_drain_tests() {
    if (!paravirt::bound()) {
        skipped("worst-drain", "there is no ROM");
        return finish_report();
    }
    Cpu& cpu = this_cpu();
    set_up(cpu);
    std::uint64_t cut_short = 0;
    for (const Ring& ring : rings)
        cut_short += try_ring(cpu, ring) ? 0U : 1U;
    if (cut_short == 0)
        passed("worst-drain");
    else
        failed("worst-drain", cut_short, " rings not executed to their ends");
    return finish_report();
}

} // namespace guest::tests
