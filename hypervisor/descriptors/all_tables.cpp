#include "hypervisor/descriptors/all_tables.h"

#include <algorithm>

namespace hv {

using abi::Error;

namespace {

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

Error AllTables::write_gdt_entry(const ProtectedTables& own, std::uint64_t base,
                                 std::uint64_t index, std::uint64_t value) {
    const GuestTable& gdt = own.gdt();
    if (base != gdt.base())
        return Error::not_current_table;
    if (index >= gdt.words())
        return Error::index_out_of_range;
    const std::uint64_t gpa = gdt.address_of(static_cast<std::uint32_t>(index) * table_word);
    if (gpa % page_size > page_size - table_word)
        return Error::bad_alignment;
    return store(gpa, table_word, value).error;
}

bool AllTables::leave_room_for(const GuestTable& table, TableKind kind) const {
    return std::all_of(tables_.begin(), tables_.end(), [&](const ProtectedTables* tables) {
        return tables->leave_room_for(table, kind);
    });
}

bool AllTables::agree_on_gates(const ProtectedTables& own, const GuestTable& idt,
                               Selector code) const {
    return std::all_of(tables_.begin(), tables_.end(), [&](const ProtectedTables* tables) {
        return tables == &own || !tables->idt().overlaps(idt) ||
               tables->gate_selector().raw == code.raw;
    });
}

bool AllTables::share_gdt(const ProtectedTables& own, const GuestTable& gdt) const {
    bool shared = false;
    for (ProtectedTables* const tables : tables_) {
        if (tables == &own || !tables->gdt().overlaps(gdt))
            continue;
        tables->share_gdt();
        shared = true;
    }
    return shared;
}

StoreVerdict AllTables::store(std::uint64_t gpa, std::uint32_t size, std::uint64_t value) {
    StoreVerdict verdict{Error::none, abi::MemoryAccess::unprotected};
    TableChanges changes;
    for (ProtectedTables* tables : tables_) {
        const StoreVerdict theirs = tables->judge_store(gpa, size, value, changes);
        if (theirs.kind != abi::MemoryAccess::unprotected)
            verdict = theirs;
        if (theirs.error != Error::none)
            return theirs;
    }
    // All bytes as the guest wrote them, then the words as judged (with accessed bits).
    write_memory(gpa, size, value);
    for (const TableChange& change : changes)
        change.table->write(change.offset, change.value);
    return verdict;
}

namespace {

void take_changes_of_others(std::uint64_t page, std::uint8_t* before, std::uint8_t* image) {
    for (std::uint64_t position = 0; position < page_size; ++position) {
        const std::uint8_t now = direct_word<std::uint8_t>(page + position);
        if (image[position] == before[position])
            image[position] = now;
        before[position] = now;
    }
}

} // namespace

Error AllTables::apply(std::uint64_t page, std::uint8_t* before, std::uint8_t* image) {
    take_changes_of_others(page, before, image);
    for (const ProtectedTables* tables : tables_)
        if (const Error error = tables->judge_image(page, before, image); error != Error::none)
            return error;
    const auto* const old = reinterpret_cast<const std::uint64_t*>(before);
    const auto* const words = reinterpret_cast<const std::uint64_t*>(image);
    for (std::uint32_t index = 0; index < page_size / sizeof(std::uint64_t); ++index)
        if (words[index] != old[index])
            direct_word<std::uint64_t>(page + index * sizeof(std::uint64_t)) = words[index];
    return Error::none;
}

} // namespace hv
