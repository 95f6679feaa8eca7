#include "hypervisor/descriptors/protected_tables.h"

#include "hypervisor/descriptors/all_tables.h"

namespace hv {

using abi::Error;
using abi::MemoryAccess;

namespace {

constexpr std::uint32_t rsp0_offset = 4; ///< in a 64-bit TSS (SDM vol. 3, 8.7)

// A closed table has a base too, and a guest may say it.
bool is_at(const GuestTable& table, std::uint64_t base) {
    return table.is_open() && table.base() == base;
}

constexpr std::uint32_t entry_size(TableKind kind) {
    switch (kind) {
    case TableKind::idt:
        return 2 * table_word;
    case TableKind::tss:
        return 1; // has no rules
    default:
        return table_word;
    }
}

// Two tables of one kind have bytes in common: whether each entry of one in them is an entry of the
// other. If not, what is right in one, or an accessed bit set there, would change an entry of the
// other that nobody has judged.
bool has_entries_of(const GuestTable& one, const GuestTable& other, TableKind kind) {
    const std::uint32_t size = entry_size(kind);
    return one.is_same_memory(other) || (one.base() % size == 0 && other.base() % size == 0);
}

} // namespace

bool ProtectedTables::leave_room_for(const GuestTable& table, TableKind kind) const {
    struct Row {
        TableKind kind;
        const GuestTable& table;
    };
    for (const Row& row : {Row{TableKind::gdt, gdt_}, Row{TableKind::ldt, ldt_},
                           Row{TableKind::idt, idt_}, Row{TableKind::tss, tss_}}) {
        const bool alike = row.kind == kind && has_entries_of(table, row.table, kind);
        if (!alike && table.overlaps(row.table))
            return false;
    }
    return true;
}

// On an error nothing stays protected.
Error ProtectedTables::open_table(const TableEnvironment& environment, TableKind kind,
                                  std::uint64_t base, std::uint32_t limit, GuestTable& table) {
    if (const Error error = table.open(environment, base, limit); error != Error::none)
        return error;
    if (environment.tables.leave_room_for(table, kind))
        return Error::none;
    table.close(environment.pages);
    return Error::protected_page;
}

// Opens a GDT or LDT and judges all of it; on an error nothing stays protected.
Error ProtectedTables::open_segment_table(const TableEnvironment& environment, TableKind kind,
                                          std::uint64_t base, std::uint32_t limit,
                                          GuestTable& table) const {
    if (const Error error = open_table(environment, kind, base, limit, table); error != Error::none)
        return error;
    // Another vCPU whose GDT has bytes in common with this one no longer writes slots by its own
    // rules alone. It may have found a slot free before it was told, so its call is waited for.
    if (kind == TableKind::gdt && environment.tables.share_gdt(*this, table) &&
        environment.finish_calls_elsewhere != nullptr)
        environment.finish_calls_elsewhere(*environment.caller);
    const TableVerdict verdict = check_segment_table(
        kind == TableKind::gdt ? DescriptorTable::gdt : DescriptorTable::ldt, limit, kept_,
        [&table](std::uint32_t index) { return table.read(index * table_word); },
        [&table](std::uint32_t index, std::uint64_t value) {
            table.write(index * table_word, value);
        });
    if (verdict.error != Error::none)
        table.close(environment.pages);
    return verdict.error;
}

void ProtectedTables::find_free_slots() {
    const std::uint32_t words = gdt_.words();
    const std::uint64_t within = words < 64 ? (std::uint64_t{1} << words) - 1 : ~std::uint64_t{0};
    free_slots_ = {};
    if (gdt_.adjacent() != nullptr && !gdt_is_shared())
        free_slots_ = {gdt_.base(), kept_.free_gdt_slots() & within, gdt_.adjacent()};
}

Error ProtectedTables::load_gdt(const TableEnvironment& environment, std::uint64_t base,
                                std::uint32_t limit) {
    const auto within = [limit](Selector selector, std::uint32_t slots) {
        return selector.null() || (selector.index() + slots) * table_word <= limit + 1;
    };
    if (!within(kept_.code.selector, 1) || !within(kept_.stack.selector, 1))
        return Error::kernel_segment;
    if (!within(kept_.tss.selector, 2))
        return Error::tss_moved;
    GuestTable table;
    const Error error = open_segment_table(environment, TableKind::gdt, base, limit, table);
    if (error != Error::none)
        return error;
    gdt_.close(environment.pages);
    gdt_.take(table);
    gdt_is_shared_ = environment.tables.share_gdt(*this, gdt_);
    find_free_slots();
    if (sealed())
        learn_root(environment.memory, environment.cr3);
    return Error::none;
}

Error ProtectedTables::load_idt(const TableEnvironment& environment, std::uint64_t base,
                                std::uint32_t limit, const RunningSegments& running) {
    const bool stays = sealed() && idt_.is_open();
    if (stays && limit != idt_.limit())
        return Error::idt_moved;
    GuestTable table;
    Error error = open_table(environment, TableKind::idt, base, limit, table);
    // Kernels give it a second, read-only address.
    if (stays && (error != Error::none || !table.is_same_memory(idt_))) {
        table.close(environment.pages);
        return Error::idt_moved;
    }
    if (error != Error::none)
        return error;
    error = check_idt(limit, running.code, [&table](std::uint32_t gate) {
                return GateDescriptor{table.read(gate * 2 * table_word),
                                      table.read(gate * 2 * table_word + table_word)};
            }).error;
    if (error == Error::none && !environment.tables.agree_on_gates(*this, table, running.code))
        error = Error::bad_gate;
    if (error != Error::none) {
        table.close(environment.pages);
        return error;
    }
    leave_idt(environment.pages);
    idt_.take(table);
    gate_selector_ = running.code;
    if (sealed())
        learn_root(environment.memory, environment.cr3);
    return Error::none;
}

Error ProtectedTables::load_ldt(const TableEnvironment& environment, std::uint16_t selector,
                                Segment& ldtr) {
    const Selector wanted{selector};
    if (wanted.null()) {
        ldt_.close(environment.pages);
        ldtr = {selector, 0, 0, AccessRights::unusable()};
        return Error::none;
    }
    if (const Error error = check_system_selector(wanted, gdt_.limit()); error != Error::none)
        return error;
    const SystemDescriptor descriptor{gdt_.read(wanted.index() * table_word),
                                      gdt_.read(wanted.index() * table_word + table_word)};
    if (const Error error = check_system_descriptor(SystemSegment::ldt, descriptor);
        error != Error::none)
        return error;
    GuestTable table;
    const Error error = open_segment_table(environment, TableKind::ldt, descriptor.base(),
                                           descriptor.limit(), table);
    if (error != Error::none)
        return error;
    ldt_.close(environment.pages);
    ldt_.take(table);
    if (sealed())
        learn_root(environment.memory, environment.cr3);
    ldtr = segment_from_descriptor(selector, descriptor.low, descriptor.high);
    return Error::none;
}

Error ProtectedTables::load_tr(const TableEnvironment& environment, std::uint16_t selector,
                               const RunningSegments& running, Segment& tr, bool busy_allowed) {
    const Selector wanted{selector};
    if (!gdt_.is_open())
        return Error::bad_selector;
    if (const Error error = check_system_selector(wanted, gdt_.limit()); error != Error::none)
        return error;
    const std::uint32_t offset = wanted.index() * table_word;
    const SystemDescriptor descriptor{gdt_.read(offset), gdt_.read(offset + table_word)};
    if (const Error error = check_system_descriptor(SystemSegment::tss, descriptor, busy_allowed);
        error != Error::none)
        return error;
    if (sealed() && (wanted.index() != kept_.tss.selector.index() ||
                     descriptor.base() != tss_.base() || descriptor.limit() != tss_.limit()))
        return Error::tss_moved;
    GuestTable table;
    if (const Error error =
            open_table(environment, TableKind::tss, descriptor.base(), descriptor.limit(), table);
        error != Error::none)
        return error;
    tss_.close(environment.pages);
    tss_.take(table);
    gdt_.write(offset, descriptor.low | SegmentDescriptor::busy_bit);
    tr = segment_from_descriptor(selector, descriptor.low | SegmentDescriptor::busy_bit,
                                 descriptor.high);
    seal(environment, running, selector);
    return Error::none;
}

void ProtectedTables::seal(const TableEnvironment& environment, const RunningSegments& running,
                           std::uint16_t tss_selector) {
    const auto keep = [this](Selector selector) {
        const std::uint32_t offset = selector.index() * table_word;
        const bool in_gdt = !selector.null() && selector.table() == DescriptorTable::gdt &&
                            gdt_.contains(offset, table_word);
        return in_gdt ? KeptSegment{selector, gdt_.read(offset)} : KeptSegment{};
    };
    kept_.code = keep(running.code);
    kept_.stack = keep(running.stack);
    const std::uint32_t offset = Selector{tss_selector}.index() * table_word;
    kept_.tss = {Selector{tss_selector}, {gdt_.read(offset), gdt_.read(offset + table_word)}};
    find_free_slots();
    learn_root(environment.memory, environment.cr3);
}

Error ProtectedTables::write_segment_slot(GuestTable& table, DescriptorTable kind,
                                          std::uint64_t base, std::uint64_t index,
                                          std::uint64_t value) {
    if (!is_at(table, base))
        return Error::not_current_table;
    if (index >= table.words())
        return Error::index_out_of_range;
    const auto slot = static_cast<std::uint32_t>(index);
    const SlotVerdict verdict = check_slot(kind, slot, value, kept_);
    if (verdict.error == Error::none)
        table.write(slot * table_word, verdict.value);
    return verdict.error;
}

Error ProtectedTables::write_idt_half(std::uint64_t base, std::uint64_t index,
                                      std::uint64_t value) {
    if (!is_at(idt_, base))
        return Error::not_current_table;
    if (index >= idt_.words())
        return Error::index_out_of_range;
    const auto offset = static_cast<std::uint32_t>(index) * table_word;
    const Error error =
        judge_word(MemoryAccess::idt_write, offset, value, idt_.read(other_half_of(offset)));
    if (error == Error::none)
        idt_.write(offset, value);
    return error;
}

Error ProtectedTables::write_rsp0(std::uint64_t tss_base, std::uint64_t rsp0) {
    if (!is_at(tss_, tss_base))
        return Error::not_current_table;
    if (!is_canonical(rsp0))
        return Error::bad_address;
    tss_.write(rsp0_offset, rsp0);
    return Error::none;
}

Error ProtectedTables::write_tss_word(std::uint64_t tss_base, std::uint64_t offset,
                                      std::uint64_t value) {
    if (!is_at(tss_, tss_base))
        return Error::not_current_table;
    if (offset % table_word != 0)
        return Error::bad_alignment;
    if (!tss_.contains(offset, table_word))
        return Error::index_out_of_range;
    tss_.write(static_cast<std::uint32_t>(offset), value);
    return Error::none;
}

// Judges `value` for the word at `offset`; may set the accessed bit in it. `other_half` is that of
// an IDT gate. The TSS has no rules: the kernel's stacks and the I/O bitmap are the kernel's to
// choose.
Error ProtectedTables::judge_word(MemoryAccess kind, std::uint32_t offset, std::uint64_t& value,
                                  std::uint64_t other_half) const {
    if (kind == MemoryAccess::idt_write) {
        const bool low_half = offset % (2 * table_word) == 0;
        const GateDescriptor gate =
            low_half ? GateDescriptor{value, other_half} : GateDescriptor{other_half, value};
        return check_gate(gate, gate_selector_);
    }
    if (kind == MemoryAccess::tss_write)
        return Error::none;
    const auto table_kind =
        kind == MemoryAccess::gdt_write ? DescriptorTable::gdt : DescriptorTable::ldt;
    const SlotVerdict verdict = check_slot(table_kind, offset / table_word, value, kept_);
    value = verdict.value;
    return verdict.error;
}

void ProtectedTables::leave_gdt(Translation& pages) {
    gdt_.close(pages);
    free_slots_ = {};
}

void ProtectedTables::close(Translation& pages) {
    for (GuestTable* table : {&gdt_, &ldt_, &idt_, &tss_})
        table->close(pages);
    half_gate_ = no_half_gate;
    kept_ = {};
    free_slots_ = {};
    gdt_is_shared_ = false;
    gate_selector_ = Selector{0};
    known_entries_.clear();
}

} // namespace hv
