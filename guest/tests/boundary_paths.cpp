#include "guest/tests/boundary_paths.h"

#include "guest/boot/panic.h"
#include "guest/cpu/control_register.h"
#include "guest/cpu/descriptor_tables.h"
#include "guest/interrupts/interrupts.h"
#include "guest/interrupts/local_apic.h"
#include "guest/memory/layout.h"
#include "guest/memory/page_table_entry.h"
#include "guest/paravirt/binding.h"
#include "guest/paravirt/operations.h"
#include "guest/tests/boundary_scene.h"
#include "shared/page_table_calls.h"

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
/// A descriptor that no table takes: an entry far beyond the limit.
constexpr std::uint64_t index_beyond = 4096;
constexpr std::uint64_t free_mapping = abi::linear_mappings - 1;
constexpr std::uint64_t absent_processor = 63;

std::uint64_t cr0_with_ts(const Cpu& cpu) { return cpu.cr0 | cr0_ts; }
std::uint64_t kernel_root() { return address_spaces::kernel().root; }
std::uint64_t frame_of(std::uint64_t physical) { return physical / page_size; }
std::uint64_t readable_entry() { return boundary_scene().entry_value & ~pte::writable; }

// Each pair: back to where the path starts, and the path.

void undo_nothing(Cpu&) {}

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

/// The root in the ROM's last pair. As a task's, so that it is there again when others have run.
void undo_set_last_cr3(Cpu& cpu) {
    cpu.main->root = kernel_root();
    paravirt::set_cr3(kernel_root());
}
void set_last_cr3(Cpu& cpu) {
    cpu.main->root = boundary_scene().last_root;
    paravirt::set_cr3(boundary_scene().last_root);
}

void undo_set_pxe(Cpu&) { paravirt::set_pxe(readable_entry(), boundary_scene().entry); }
void set_pxe(Cpu&) { paravirt::set_pxe(boundary_scene().entry_value, boundary_scene().entry); }

void set_pxe_deferred(Cpu&) {
    paravirt::set_pxe(boundary_scene().entry_value, boundary_scene().entry,
                      abi::update_flags::defer);
}
void update_pxe_deferred(Cpu&) {
    paravirt::update_pxe(boundary_scene().entry, abi::update_flags::defer);
}
void update_pxe(Cpu&) { paravirt::update_pxe(boundary_scene().entry); }

void undo_allocate_page(Cpu&) {
    // Refused where it is none; then it is as it should be.
    static_cast<void>(
        paravirt::release_page_checked(frame_of(boundary_scene().free_page), abi::page_flags::pt));
}
void allocate_page(Cpu&) {
    paravirt::allocate_page(frame_of(boundary_scene().free_page), abi::page_flags::pt, 0, 0, 0);
}

void undo_release_page(Cpu&) {
    static_cast<void>(paravirt::allocate_page_checked(frame_of(boundary_scene().free_page),
                                                      abi::page_flags::pt, 0, 0, 0));
}
void release_page(Cpu&) {
    paravirt::release_page(frame_of(boundary_scene().free_page), abi::page_flags::pt);
}

/// So that there is something to drop, and both calls do something.
void undo_invalidation(Cpu&) {
    paravirt::set_pxe(boundary_scene().entry_value, boundary_scene().entry,
                      abi::update_flags::defer);
}
void inval_page(Cpu&) { paravirt::inval_page(user_memory_base); }
void flush_tlb(Cpu&) { paravirt::flush_tlb(abi::flush_flags::all, kernel_root()); }
void undo_linear_mapping(Cpu&) {
    static_cast<void>(paravirt::set_linear_mapping(free_mapping, 0, 0, 0));
}
void undo_staleness(Cpu&) { paravirt::flush_tlb(abi::flush_flags::all, kernel_root()); }

void shootdown(Cpu&) { report(paravirt::shootdown(1, boundary_scene().space.root)); }

void linear_mapping(Cpu&) { report(paravirt::set_linear_mapping(free_mapping, 0, 0, 0)); }
void wrong_linear_mappings(Cpu&) {
    constexpr std::uint64_t most = ~std::uint64_t{0};
    constexpr std::uint64_t last_page = most - page_size + 1;
    report(paravirt::set_linear_mapping(free_mapping, 1, 0, 0));
    report(paravirt::set_linear_mapping(free_mapping, last_page, 2, 0));
    report(paravirt::set_linear_mapping(free_mapping, 0, 1, most));
    report(paravirt::set_linear_mapping(free_mapping, 0, 2, most / page_size));
    report(paravirt::set_linear_mapping(abi::linear_mappings, 0, 0, 0));
}
void full_linear_mapping(Cpu&) { report(paravirt::set_linear_mapping(free_mapping, 0, 2, 0)); }
void unmapped_entry(Cpu&) { report(paravirt::set_pxe_checked(0, nullptr)); }
void unmapped_update(Cpu&) { paravirt::update_pxe(nullptr); }

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
    static_cast<void>(paravirt::ask(Call::io_delay)); // which is nothing at all
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
    drain();
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

class Table {
  public:
    void add(std::string_view name, Call call, void (*undo)(Cpu&), void (*run)(Cpu&),
             std::initializer_list<ModelStep> steps) {
        if (count_ == paths_.size())
            panic("too many paths");
        BoundaryPath& path = paths_[count_++];
        path = {name, call, undo, run};
        for (const ModelStep& step : steps)
            path.step[path.steps++] = step;
    }
    std::span<const BoundaryPath> all() const { return {paths_.data(), count_}; }
    void clear() { count_ = 0; }

  private:
    std::array<BoundaryPath, max_boundary_paths> paths_{};
    std::uint32_t count_ = 0;
};
constinit Table table;

ModelStep queued(Call call, std::uint64_t a = 0, std::uint64_t b = 0, std::uint64_t c = 0,
                 Error error = Error::none) {
    return {Kind::call, {call, {a, b, c}, error}};
}
ModelStep if_stale(Call call, std::uint64_t argument) {
    return {Kind::if_stale, {call, {argument}}};
}
ModelStep synchronous(Call call, Error error = Error::none) {
    return {Kind::synchronous, {call, {}, error}};
}

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

void add_page_table_paths() {
    const BoundaryScene& scene = boundary_scene();
    const std::uint64_t entry = to_physical(address_of(scene.entry));
    const std::uint64_t page = frame_of(scene.free_page);
    table.add("SetPxE", Call::set_pxe, undo_set_pxe, set_pxe,
              {queued(Call::set_pxe, scene.entry_value, entry)});
    table.add("UpdatePxE", Call::update_pxe, undo_nothing, update_pxe,
              {queued(Call::update_pxe, entry)});
    table.add("SetPxE with DEFER", Call::set_pxe, undo_set_pxe, set_pxe_deferred,
              {queued(Call::set_pxe, scene.entry_value, entry, abi::update_flags::defer)});
    table.add("UpdatePxE with DEFER", Call::update_pxe, undo_nothing, update_pxe_deferred,
              {queued(Call::update_pxe, entry, abi::update_flags::defer)});
    table.add("SetPxE of no mapping", Call::set_pxe, undo_nothing, unmapped_entry, {{Kind::tell}});
    table.add("UpdatePxE of no mapping", Call::update_pxe, undo_nothing, unmapped_update, {});
    table.add("AllocatePage", Call::allocate_page, undo_allocate_page, allocate_page,
              {queued(Call::allocate_page, page, 0,
                      abi::AllocateOptions::make(abi::page_flags::pt, 0, 0).encode())});
    table.add("ReleasePage", Call::release_page, undo_release_page, release_page,
              {queued(Call::release_page, page, abi::page_flags::pt)});
    table.add("InvalPage", Call::inval_page, undo_invalidation, inval_page,
              {if_stale(Call::inval_page, user_memory_base)});
    table.add("InvalPage of nothing", Call::inval_page, undo_staleness, inval_page, {});
    const bool local = paravirt::ask(Call::inval_page).type != abi::RelocationType::call_rel;
    if (local) {
        table.add("FlushTLB", Call::flush_tlb, undo_nothing, flush_tlb, {});
    } else {
        table.add("FlushTLB", Call::flush_tlb, undo_invalidation, flush_tlb,
                  {if_stale(Call::flush_tlb, abi::flush_flags::all)});
        table.add("FlushTLB of nothing", Call::flush_tlb, undo_staleness, flush_tlb, {});
    }
    table.add("Shootdown", Call::shootdown, undo_nothing, shootdown,
              {queued(Call::shootdown, 1, scene.space.root)});
    table.add("SetLinearMapping", Call::set_linear_mapping, undo_linear_mapping,
              full_linear_mapping, {});
    table.add("SetLinearMapping of nothing", Call::set_linear_mapping, undo_nothing, linear_mapping,
              {});
    table.add("SetLinearMapping of no range", Call::set_linear_mapping, undo_nothing,
              wrong_linear_mappings,
              {{Kind::tell}, {Kind::tell}, {Kind::tell}, {Kind::tell}, {Kind::tell}});
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
    add_page_table_paths();
    add_other_paths();
    return table.all();
}

} // namespace guest::tests
