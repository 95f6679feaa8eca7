#include "guest/tests/boundary_paths.h"

#include "guest/kernel/cpu/control_register.h"
#include "guest/kernel/cpu/descriptor_tables.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/interrupts/local_apic.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/boundary_path_table.h"
#include "guest/tests/boundary_scene.h"

#include <algorithm>

namespace guest::tests {
namespace {

using abi::Call;
using abi::Error;
using Kind = ModelStep::Kind;

constexpr std::uint64_t idt_half = std::uint64_t{2} * interrupts::test_vector;
constexpr std::uint64_t absent_gate = 0x1234; // not present, so free to hold anything
constexpr std::uint64_t ldt_entry = tls_descriptor(0x4000);
constexpr std::uint64_t no_ports = ~std::uint64_t{0};
/// The index of a descriptor that every descriptor table refuses, for it is far beyond the limit.
constexpr std::uint64_t index_beyond = 4096;
constexpr std::uint64_t absent_processor = 63;

std::uint64_t cr0_with_ts(const Cpu& cpu) { return cpu.cr0 | cr0_ts; }

// In pairs: a function that goes back to the start of a path, and the path.

void undo_write_gdt(Cpu& cpu) { paravirt::write_gdt_entry(cpu.gdt, path_slot, 0); }
void write_gdt(Cpu& cpu) {
    const ModelCall entry = path_entry(cpu);
    report(paravirt::write_gdt_entry_checked(cpu.gdt, path_slot, entry.argument[2]));
}

void undo_write_ldt(Cpu&) { paravirt::write_ldt_entry(boundary_scene().ldt, 0, 0); }
void write_ldt(Cpu&) { paravirt::write_ldt_entry(boundary_scene().ldt, 0, ldt_entry); }

void undo_write_idt(Cpu& cpu) { paravirt::write_idt_entry(cpu.idt, idt_half, 0); }
void write_idt(Cpu& cpu) { paravirt::write_idt_entry(cpu.idt, idt_half, absent_gate); }

void undo_kernel_stack(Cpu& cpu) {
    paravirt::update_kernel_stack(cpu.tss, cpu.main->kernel_stack - page_size);
}
void kernel_stack(Cpu& cpu) { paravirt::update_kernel_stack(cpu.tss, cpu.main->kernel_stack); }

void undo_tss_word(Cpu& cpu) { paravirt::write_tss_word(cpu.tss, io_map_present, 0); }
void tss_word(Cpu& cpu) { paravirt::write_tss_word(cpu.tss, io_map_present, no_ports); }

void undo_set_cr0(Cpu& cpu) { paravirt::set_cr0(cpu.cr0); }
void set_cr0(Cpu& cpu) { paravirt::set_cr0(cr0_with_ts(cpu)); }

void undo_clts(Cpu& cpu) { paravirt::set_cr0(cr0_with_ts(cpu)); }
void clts(Cpu&) { paravirt::clts(); }

void undo_set_ldt(Cpu&) { paravirt::set_ldt(0); }
void set_ldt(Cpu&) { paravirt::set_ldt(ldt_selector); }

void undo_set_cr3(Cpu&) { paravirt::set_cr3(boundary_scene().space.root); }
void set_cr3(Cpu&) { paravirt::set_cr3(kernel_root()); }

/// Loads the root in the ROM's last pair. It is made the root of a task, so that it is loaded again
/// after others have run.
void undo_set_last_cr3(Cpu& cpu) {
    cpu.main->root = kernel_root();
    paravirt::set_cr3(kernel_root());
}
void set_last_cr3(Cpu& cpu) {
    cpu.main->root = boundary_scene().last_root;
    paravirt::set_cr3(boundary_scene().last_root);
}

void set_cr4(Cpu&) { paravirt::set_cr4(paravirt::get_cr4()); }
void set_gdt(Cpu& cpu) {
    const abi::PseudoDescriptor table{gdt_limit, address_of(cpu.gdt)};
    paravirt::set_gdt(&table);
}
void set_idt(Cpu& cpu) {
    const abi::PseudoDescriptor table{idt_limit, address_of(cpu.idt)};
    paravirt::set_idt(&table);
}
void initial_state(Cpu&) {
    // Filling it here would be one instruction with many boundaries at one address.
    static const abi::InitialState state{};
    report(paravirt::set_initial_ap_state(&state, absent_processor));
}
void set_tr(Cpu&) { report(paravirt::set_tr_checked(0)); }
void get_all(Cpu&) {
    abi::PseudoDescriptor table{};
    paravirt::get_gdt(&table);
    paravirt::get_idt(&table);
    static_cast<void>(paravirt::get_ldt() + paravirt::get_tr() + paravirt::get_cr0() +
                      paravirt::get_cr3());
}
void get_reloc(Cpu&) { static_cast<void>(paravirt::ask(Call::set_lazy_mode)); }
void get_reloc_of_native(Cpu&) {
    static_cast<void>(paravirt::ask(Call::rdtsc));
    static_cast<void>(paravirt::ask(Call::io_delay)); // an answer without any effect
}
void get_reloc_of_none(Cpu&) {
    static_cast<void>(paravirt::ask(static_cast<Call>(abi::call_limit)));
}
/// Something must end the halt when the interrupt came before it.
void halt(Cpu&) {
    constexpr std::uint32_t soon = 5000;
    local_apic::start_timer(interrupts::wake_vector, soon);
    paravirt::halt();
    local_apic::stop_timer();
}

void write_and_halt(Cpu& cpu) {
    write_gdt(cpu);
    halt(cpu);
}

void refused_and_drained(Cpu& cpu) {
    report(paravirt::write_gdt_entry_checked(cpu.gdt, index_beyond, 0));
    paravirt::empty_call();
}
void refused(Cpu& cpu) {
    report(paravirt::write_gdt_entry_checked(cpu.gdt, index_beyond, 0));
    write_gdt(cpu);
}
void change_mode(abi::LazyMode mode) { report(paravirt::set_lazy_mode_checked(mode)); }
void unknown_mode(Cpu&) { change_mode(static_cast<abi::LazyMode>(7)); }
void wrong_modes(Cpu&) {
    change_mode(abi::LazyMode::none);
    change_mode(abi::LazyMode::cpu);
    change_mode(abi::LazyMode::mmu);
    change_mode(abi::LazyMode::none);
}

constinit BoundaryPathTable table;

void add_descriptor_paths(const Cpu& cpu) {
    const std::uint64_t gdt = address_of(cpu.gdt);
    const std::uint64_t tss = address_of(cpu.tss);
    const ModelStep write{Kind::call, path_entry(cpu)};
    table.add("WriteGDTEntry", Call::write_gdt_entry, undo_write_gdt, write_gdt, {write});
    table.add("WriteLDTEntry", Call::write_ldt_entry, undo_write_ldt, write_ldt,
              {queued(Call::write_ldt_entry, address_of(boundary_scene().ldt), 0, ldt_entry)});
    table.add("WriteIDTEntry", Call::write_idt_entry, undo_write_idt, write_idt,
              {queued(Call::write_idt_entry, address_of(cpu.idt), idt_half, absent_gate)});
    table.add("UpdateKernelStack", Call::update_kernel_stack, undo_kernel_stack, kernel_stack,
              {queued(Call::update_kernel_stack, tss, cpu.main->kernel_stack)});
    table.add("WriteTSSWord", Call::write_tss_word, undo_tss_word, tss_word,
              {queued(Call::write_tss_word, tss, io_map_present, no_ports)});
    table.add("SetLDT", Call::set_ldt, undo_set_ldt, set_ldt,
              {queued(Call::set_ldt, ldt_selector)});
    const ModelStep wrong =
        queued(Call::write_gdt_entry, gdt, index_beyond, 0, Error::index_out_of_range);
    table.add("a refused entry", Call::write_gdt_entry, undo_write_gdt, refused, {wrong, write});
    table.add("a refused entry and another exit", Call::write_gdt_entry, undo_nothing,
              refused_and_drained, {wrong, {Kind::drain}});
    table.add("WriteGDTEntry and Halt", Call::write_gdt_entry, undo_write_gdt, write_and_halt,
              {write, {Kind::drain}});
}

void add_control_register_paths(const Cpu& cpu, bool pairs) {
    table.add("SetCR0", Call::set_cr0, undo_set_cr0, set_cr0,
              {queued(Call::set_cr0, cr0_with_ts(cpu))});
    table.add("CLTS", Call::clts, undo_clts, clts, {queued(Call::clts)});
    ModelStep load = queued(Call::set_cr3, kernel_root());
    if (pairs)
        load.kind = Kind::load_root;
    table.add("SetCR3", Call::set_cr3, undo_set_cr3, set_cr3,
              {load, {Kind::queue_root, load.call}});
    load.call.argument[0] = boundary_scene().last_root;
    table.add("SetCR3 of the last pair", Call::set_cr3, undo_set_last_cr3, set_last_cr3,
              {load, {Kind::queue_root, load.call}});
}

void add_other_paths() {
    table.add("SetGDT", Call::set_gdt, undo_nothing, set_gdt, {synchronous(Call::set_gdt)});
    table.add("SetIDT", Call::set_idt, undo_nothing, set_idt, {synchronous(Call::set_idt)});
    table.add("SetCR4", Call::set_cr4, undo_nothing, set_cr4, {synchronous(Call::set_cr4)});
    table.add("SetTR", Call::set_tr, undo_nothing, set_tr,
              {synchronous(Call::set_tr, Error::bad_selector)});
    table.add("SetInitialAPState", Call::set_initial_ap_state, undo_nothing, initial_state,
              {synchronous(Call::set_initial_ap_state, Error::bad_vcpu)});
    table.add("GetGDT to GetCR3", Call::get_cr3, undo_nothing, get_all, {});
    table.add("get_reloc", Call::set_initial_ap_state, undo_nothing, get_reloc, {});
    table.add("get_reloc of a native call", Call::set_initial_ap_state, undo_nothing,
              get_reloc_of_native, {});
    table.add("get_reloc of no call", Call::set_initial_ap_state, undo_nothing, get_reloc_of_none,
              {});
    table.add("Halt", Call::halt, undo_nothing, halt, {{Kind::drain}});
    table.add("SetLazyMode", Call::set_lazy_mode, undo_nothing, undo_nothing, {});
    table.add("SetLazyMode of no mode", Call::set_lazy_mode, undo_nothing, unknown_mode,
              {{Kind::tell}});
    table.add("SetLazyMode in wrong order", Call::set_lazy_mode, undo_nothing, wrong_modes,
              {{Kind::tell}, {Kind::enter}, {Kind::tell}, {Kind::end_mode}, {Kind::drain}});
}

} // namespace

bool BoundaryPath::queues() const {
    return std::ranges::any_of(all_steps(), [](const ModelStep& each) {
        return each.kind == Kind::call || each.kind == Kind::if_stale ||
               each.kind == Kind::load_root;
    });
}

bool BoundaryPath::enters() const {
    return std::ranges::any_of(all_steps(),
                               [](const ModelStep& each) { return each.kind == Kind::enter; });
}

std::span<const BoundaryPath> boundary_paths(Cpu& cpu) {
    table.clear();
    // The ROM has a pair for the root that is loaded, once it was loaded.
    bool pairs = false;
    for (const volatile abi::RootPair& pair : vcpu_area().control.root_pair)
        pairs = pairs || pair.guest_root == kernel_root();
    add_descriptor_paths(cpu);
    add_control_register_paths(cpu, pairs);
    add_page_table_paths(table);
    add_other_paths();
    return table.all();
}

} // namespace guest::tests
