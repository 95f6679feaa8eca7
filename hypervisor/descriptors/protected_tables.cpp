#include "hypervisor/descriptors/protected_tables.h"

#include <algorithm>

namespace hv {

using abi::Error;
using abi::MemoryAccess;

namespace {

constexpr std::uint32_t word = 8;
constexpr std::uint32_t rsp0_offset = 4; ///< in a 64-bit TSS (SDM vol. 3, 8.7)

constexpr std::uint64_t merge(std::uint64_t old, std::uint32_t shift, std::uint32_t size,
                              std::uint64_t value) {
    const std::uint64_t bits =
        size == word ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * size) - 1;
    return (old & ~(bits << 8 * shift)) | (value & bits) << 8 * shift;
}

void write_memory(std::uint64_t gpa, std::uint32_t size, std::uint64_t value) {
    switch (size) {
    case 1:
        direct_word<std::uint8_t>(gpa) = static_cast<std::uint8_t>(value);
        break;
    case 2:
        direct_word<std::uint16_t>(gpa) = static_cast<std::uint16_t>(value);
        break;
    case 4:
        direct_word<std::uint32_t>(gpa) = static_cast<std::uint32_t>(value);
        break;
    default:
        direct_word<std::uint64_t>(gpa) = value;
        break;
    }
}

} // namespace

Error ProtectedTables::load_gdt(const TableEnvironment& environment, std::uint64_t base,
                                std::uint32_t limit, const RunningSegments&) {
    GuestTable table;
    if (const Error error = table.open(environment, base, limit); error != Error::none)
        return error;
    const auto keeps = [&table](Selector selector, std::uint32_t slots) {
        return selector.null() || table.contains(selector.index() * word, slots * word);
    };
    Error error = Error::none;
    if (!keeps(kept_.code.selector, 1) || !keeps(kept_.stack.selector, 1))
        error = Error::kernel_segment;
    else if (!keeps(kept_.tss.selector, 2))
        error = Error::tss_moved;
    else
        error = check_segment_table(
                    DescriptorTable::gdt, limit, kept_,
                    [&table](std::uint32_t index) { return table.read(index * word); },
                    [&table](std::uint32_t index, std::uint64_t value) {
                        table.write(index * word, value);
                    })
                    .error;
    if (error != Error::none) {
        table.close(environment.pages);
        return error;
    }
    gdt_.close(environment.pages);
    gdt_.take(table);
    if (sealed())
        learn_root(environment.memory, environment.cr3);
    return Error::none;
}

Error ProtectedTables::load_idt(const TableEnvironment& environment, std::uint64_t base,
                                std::uint32_t limit, const RunningSegments& running) {
    if (sealed() && (base != idt_.base() || limit != idt_.limit()))
        return Error::idt_moved;
    GuestTable table;
    if (const Error error = table.open(environment, base, limit); error != Error::none)
        return error;
    const Error error =
        check_idt(limit, running.code, [&table](std::uint32_t gate) {
            return GateDescriptor{table.read(gate * 2 * word), table.read(gate * 2 * word + word)};
        }).error;
    if (error != Error::none) {
        table.close(environment.pages);
        return error;
    }
    idt_.close(environment.pages);
    idt_.take(table);
    gate_selector_ = running.code;
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
    const SystemDescriptor descriptor{gdt_.read(wanted.index() * word),
                                      gdt_.read(wanted.index() * word + word)};
    if (const Error error = check_system_descriptor(SystemSegment::ldt, descriptor);
        error != Error::none)
        return error;
    GuestTable table;
    Error error = table.open(environment, descriptor.base(), descriptor.limit());
    if (error != Error::none)
        return error;
    error = check_segment_table(
                DescriptorTable::ldt, descriptor.limit(), kept_,
                [&table](std::uint32_t index) { return table.read(index * word); },
                [&table](std::uint32_t index, std::uint64_t value) {
                    table.write(index * word, value);
                })
                .error;
    if (error != Error::none) {
        table.close(environment.pages);
        return error;
    }
    ldt_.close(environment.pages);
    ldt_.take(table);
    ldtr = segment_from_descriptor(selector, descriptor.low, descriptor.high);
    return Error::none;
}

Error ProtectedTables::load_tr(const TableEnvironment& environment, std::uint16_t selector,
                               const RunningSegments& running, Segment& tr) {
    const Selector wanted{selector};
    if (!gdt_.is_open())
        return Error::bad_selector;
    if (const Error error = check_system_selector(wanted, gdt_.limit()); error != Error::none)
        return error;
    const std::uint32_t offset = wanted.index() * word;
    const SystemDescriptor descriptor{gdt_.read(offset), gdt_.read(offset + word)};
    if (const Error error = check_system_descriptor(SystemSegment::tss, descriptor);
        error != Error::none)
        return error;
    if (sealed() && (wanted.index() != kept_.tss.selector.index() ||
                     descriptor.base() != tss_.base() || descriptor.limit() != tss_.limit()))
        return Error::tss_moved;
    GuestTable table;
    if (const Error error = table.open(environment, descriptor.base(), descriptor.limit());
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
        const std::uint32_t offset = selector.index() * word;
        const bool in_gdt = !selector.null() && selector.table() == DescriptorTable::gdt &&
                            gdt_.contains(offset, word);
        return in_gdt ? KeptSegment{selector, gdt_.read(offset)} : KeptSegment{};
    };
    kept_.code = keep(running.code);
    kept_.stack = keep(running.stack);
    const std::uint32_t offset = Selector{tss_selector}.index() * word;
    kept_.tss = {Selector{tss_selector}, {gdt_.read(offset), gdt_.read(offset + word)}};
    free_gdt_slots_ = kept_.free_gdt_slots();
    learn_root(environment.memory, environment.cr3);
}

Error ProtectedTables::write_segment_slot(GuestTable& table, DescriptorTable kind,
                                          std::uint64_t base, std::uint64_t index,
                                          std::uint64_t value) {
    if (base != table.base())
        return Error::not_current_table;
    if (index >= table.words())
        return Error::index_out_of_range;
    const auto slot = static_cast<std::uint32_t>(index);
    const SlotVerdict verdict = check_slot(kind, slot, value, kept_);
    if (verdict.error == Error::none)
        table.write(slot * word, verdict.value);
    return verdict.error;
}

Error ProtectedTables::write_idt_half(std::uint64_t base, std::uint64_t index,
                                      std::uint64_t value) {
    if (base != idt_.base())
        return Error::not_current_table;
    if (index >= idt_.words())
        return Error::index_out_of_range;
    const auto offset = static_cast<std::uint32_t>(index) * word;
    const Error error = judge_word(idt_, MemoryAccess::idt_write, offset, value);
    if (error == Error::none)
        idt_.write(offset, value);
    return error;
}

Error ProtectedTables::write_rsp0(std::uint64_t tss_base, std::uint64_t rsp0) {
    if (tss_base != tss_.base())
        return Error::not_current_table;
    if (!is_canonical(rsp0))
        return Error::bad_address;
    tss_.write(rsp0_offset, rsp0);
    return Error::none;
}

Error ProtectedTables::write_tss_word(std::uint64_t tss_base, std::uint64_t offset,
                                      std::uint64_t value) {
    if (tss_base != tss_.base())
        return Error::not_current_table;
    if (offset % word != 0)
        return Error::bad_alignment;
    if (!tss_.contains(offset, word))
        return Error::index_out_of_range;
    tss_.write(static_cast<std::uint32_t>(offset), value);
    return Error::none;
}

// Judges `value` for the word at `offset`; may set the accessed bit in it. The TSS has no rules:
// the kernel's stacks and the I/O bitmap are the kernel's to choose.
Error ProtectedTables::judge_word(GuestTable& table, MemoryAccess kind, std::uint32_t offset,
                                  std::uint64_t& value) const {
    if (kind == MemoryAccess::idt_write) {
        const bool low_half = offset % (2 * word) == 0;
        const std::uint64_t other = table.read(low_half ? offset + word : offset - word);
        const GateDescriptor gate =
            low_half ? GateDescriptor{value, other} : GateDescriptor{other, value};
        return check_gate(gate, gate_selector_);
    }
    if (kind == MemoryAccess::tss_write)
        return Error::none;
    const auto table_kind =
        kind == MemoryAccess::gdt_write ? DescriptorTable::gdt : DescriptorTable::ldt;
    const SlotVerdict verdict = check_slot(table_kind, offset / word, value, kept_);
    value = verdict.value;
    return verdict.error;
}

StoreVerdict ProtectedTables::store(std::uint64_t gpa, std::uint32_t size, std::uint64_t value) {
    struct Affected {
        GuestTable* table;
        MemoryAccess kind;
    };
    const Affected affected[]{{&gdt_, MemoryAccess::gdt_write},
                              {&ldt_, MemoryAccess::ldt_write},
                              {&idt_, MemoryAccess::idt_write}};
    StoreVerdict verdict{Error::none, MemoryAccess::unprotected};
    struct Change {
        GuestTable* table;
        std::uint32_t offset;
        std::uint64_t value;
    };
    boost::container::static_vector<Change, 6> changes;
    for (const Affected& row : affected) {
        // A store touches at most two words of a table; the first is found by its first or its last
        // byte, since a table may begin or end inside the store.
        for (std::uint32_t byte = 0; byte < size; ++byte) {
            const auto offset = row.table->offset_of(gpa + byte);
            if (!offset)
                continue;
            const std::uint32_t start = *offset / word * word;
            const auto same = [&](const Change& change) {
                return change.table == row.table && change.offset == start;
            };
            auto change = std::find_if(changes.begin(), changes.end(), same);
            if (change == changes.end()) {
                changes.push_back({row.table, start, row.table->read(start)});
                change = changes.end() - 1;
            }
            change->value = merge(change->value, *offset - start, 1, value >> 8 * byte);
            verdict.kind = row.kind;
            if (byte == 0 && start == *offset && size == word) {
                change->value = value;
                break;
            }
        }
    }
    for (Change& change : changes) {
        const MemoryAccess kind = change.table == &gdt_   ? MemoryAccess::gdt_write
                                  : change.table == &ldt_ ? MemoryAccess::ldt_write
                                                          : MemoryAccess::idt_write;
        verdict.error = judge_word(*change.table, kind, change.offset, change.value);
        if (verdict.error != Error::none)
            return verdict;
    }
    if (changes.empty() && tss_.offset_of(gpa))
        verdict.kind = MemoryAccess::tss_write;
    // All bytes as the guest wrote them, then the words as judged (with accessed bits).
    write_memory(gpa, size, value);
    for (const Change& change : changes)
        change.table->write(change.offset, change.value);
    return verdict;
}

Error ProtectedTables::judge_page(std::uint64_t page, const std::uint8_t* before) {
    const auto restore = [page, before] {
        for (std::uint64_t offset = 0; offset < page_size; ++offset)
            direct_word<std::uint8_t>(page + offset) = before[offset];
    };
    struct Judged {
        GuestTable* table;
        MemoryAccess kind;
    };
    const Judged judged[]{{&gdt_, MemoryAccess::gdt_write},
                          {&ldt_, MemoryAccess::ldt_write},
                          {&idt_, MemoryAccess::idt_write}};
    for (const Judged& row : judged) {
        std::uint32_t last = ~std::uint32_t{0};
        for (std::uint64_t position = 0; position < page_size; ++position) {
            if (direct_word<std::uint8_t>(page + position) == before[position])
                continue;
            const auto offset = row.table->offset_of(page + position);
            if (!offset || *offset / word == last)
                continue;
            last = *offset / word;
            std::uint64_t value = row.table->read(last * word);
            const Error error = judge_word(*row.table, row.kind, last * word, value);
            if (error != Error::none) {
                restore();
                return error;
            }
            row.table->write(last * word, value);
        }
    }
    return Error::none;
}

void ProtectedTables::learn_root(const GuestMemory& memory, std::uint64_t root) {
    known_entries_.clear();
    for (const GuestTable* table : {&gdt_, &ldt_, &idt_, &tss_}) {
        if (!table->is_open())
            continue;
        for (const std::uint64_t address : {table->base(), table->base() + table->limit()}) {
            const auto index = static_cast<std::uint32_t>(address >> 39 & 0x1FF);
            const auto known = [index](const KnownEntry& entry) { return entry.index == index; };
            if (std::any_of(known_entries_.begin(), known_entries_.end(), known))
                continue;
            const auto value =
                memory.read<std::uint64_t>((root & paging::address_mask) + index * word);
            known_entries_.push_back({index, value.value_or(0) & ~paging::accessed});
        }
    }
}

bool ProtectedTables::root_maps_tables(const GuestMemory& memory, std::uint64_t root) {
    bool unchanged = true;
    for (const KnownEntry& entry : known_entries_) {
        const std::uint64_t value = direct_word<std::uint64_t>(root + entry.index * word);
        unchanged = unchanged && (value & ~paging::accessed) == entry.value;
    }
    return unchanged || new_root_maps_tables(memory, root);
}

bool ProtectedTables::new_root_maps_tables(const GuestMemory& memory, std::uint64_t root) {
    for (const GuestTable* held : {&gdt_, &ldt_, &idt_, &tss_})
        if (held->is_open() && !held->mapped_alike(memory, root))
            return false;
    learn_root(memory, root);
    return true;
}

} // namespace hv
