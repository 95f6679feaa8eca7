// Paths of page tables and translations.

#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_table_entry.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/boundary_path_table.h"
#include "guest/tests/boundary_scene.h"
#include "shared/page_table_calls.h"

namespace guest::tests {
namespace {

using abi::Call;
using Kind = ModelStep::Kind;

constexpr std::uint64_t free_mapping = abi::linear_mappings - 1;

std::uint64_t frame_of(std::uint64_t physical) { return physical / page_size; }
std::uint64_t readable_entry() { return boundary_scene().entry_value & ~pte::writable; }

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
    // This is refused if the page is not a page table; then there is nothing to undo.
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

/// Caches a translation, so that there is one to drop and both calls have an effect.
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

} // namespace

void add_page_table_paths(BoundaryPathTable& table) {
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

} // namespace guest::tests
