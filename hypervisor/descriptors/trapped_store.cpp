// Stores of the guest's own to its protected tables, judged word by word.

#include "hypervisor/descriptors/protected_tables.h"

#include <algorithm>
#include <utility>

namespace hv {

using abi::Error;
using abi::MemoryAccess;

namespace {

constexpr std::uint64_t merge_byte(std::uint64_t word, std::uint32_t position, std::uint8_t byte) {
    const std::uint32_t shift = 8 * position;
    return (word & ~(std::uint64_t{0xFF} << shift)) | std::uint64_t{byte} << shift;
}

// The change of the word at `offset` that is there already, or a new one; null when there is no
// room. vCPUs that share a table find each other's.
TableChange* change_at(GuestTable& table, std::uint32_t offset, TableChanges& changes) {
    const std::uint64_t gpa = table.address_of(offset);
    const bool within_page = gpa % page_size <= page_size - table_word;
    const auto same = [&](const TableChange& change) {
        return (change.table == &table && change.offset == offset) ||
               (within_page && change.gpa == gpa);
    };
    const auto found = std::find_if(changes.begin(), changes.end(), same);
    if (found != changes.end())
        return &*found;
    if (changes.size() == changes.capacity())
        return nullptr;
    changes.push_back({&table, offset, table.read(offset), within_page ? gpa : ~std::uint64_t{0}});
    return &changes.back();
}

// The word at `offset` of a table, where the page `page` is what `image` says.
std::uint64_t read_in_image(const GuestTable& table, std::uint32_t offset, std::uint64_t page,
                            const std::uint8_t* image) {
    std::uint64_t word = table.read(offset);
    for (std::uint32_t byte = 0; byte < table_word; ++byte) {
        const std::uint64_t gpa = table.address_of(offset + byte);
        if (align_down(gpa, page_size) == page)
            word = merge_byte(word, byte, image[gpa % page_size]);
    }
    return word;
}

void write_to_image(const GuestTable& table, std::uint32_t offset, std::uint64_t page,
                    std::uint8_t* image, std::uint64_t word) {
    for (std::uint32_t byte = 0; byte < table_word; ++byte) {
        const std::uint64_t gpa = table.address_of(offset + byte);
        if (align_down(gpa, page_size) == page)
            image[gpa % page_size] = static_cast<std::uint8_t>(word >> 8 * byte);
    }
}

} // namespace

// The low half of a gate that would be right with the other half of a kernel's address.
bool ProtectedTables::is_half_gate(std::uint32_t offset, std::uint64_t value) const {
    constexpr std::uint64_t kernels_half = mask(31, 0);
    return takes_half_gates_ && offset % (2 * table_word) == 0 &&
           idt_.read(other_half_of(offset)) == 0 &&
           check_gate(GateDescriptor{value, kernels_half}, gate_selector_) == Error::none;
}

// The word at `offset` of the IDT is to be `value`.
Error ProtectedTables::judge_gate_half(std::uint32_t offset, std::uint64_t& value,
                                       TableChanges& changes) {
    const std::uint32_t other = other_half_of(offset);
    const std::uint32_t waiting = std::exchange(half_gate_, no_half_gate);
    if (is_half_gate(offset, value)) {
        if ((value & GateDescriptor::present_bit) != 0)
            half_gate_ = offset;
        value &= ~GateDescriptor::present_bit;
        return Error::none;
    }
    if (waiting != other)
        return judge_word(MemoryAccess::idt_write, offset, value, idt_.read(other));
    const std::uint64_t low = idt_.read(other) | GateDescriptor::present_bit;
    if (const Error error = check_gate(GateDescriptor{low, value}, gate_selector_);
        error != Error::none)
        return error;
    TableChange* const change = change_at(idt_, other, changes);
    if (change == nullptr)
        return Error::bad_value;
    change->value = low;
    return Error::none;
}

StoreVerdict ProtectedTables::judge_store(std::uint64_t gpa, std::uint32_t size,
                                          std::uint64_t value, TableChanges& changes) {
    struct Affected {
        GuestTable* table;
        MemoryAccess kind;
    };
    const Affected affected[]{{&gdt_, MemoryAccess::gdt_write},
                              {&ldt_, MemoryAccess::ldt_write},
                              {&idt_, MemoryAccess::idt_write}};
    StoreVerdict verdict{Error::none, MemoryAccess::unprotected};
    for (const Affected& row : affected) {
        if (!row.table->is_on_page_of(gpa)) [[likely]]
            continue;
        // A store touches at most two words of a table, which may begin or end inside the store.
        TableChange* touched[2]{};
        for (std::uint32_t byte = 0; byte < size; ++byte) {
            const auto offset = row.table->offset_of(gpa + byte);
            if (!offset)
                continue;
            const std::uint32_t start = *offset / table_word * table_word;
            if (!row.table->contains(start, table_word))
                continue; // half a descriptor at the end: none
            TableChange* const change = change_at(*row.table, start, changes);
            verdict.kind = row.kind;
            if (change == nullptr)
                return {Error::bad_value, row.kind};
            change->value = merge_byte(change->value, *offset - start,
                                       static_cast<std::uint8_t>(value >> 8 * byte));
            touched[touched[0] == nullptr || touched[0] == change ? 0 : 1] = change;
            if (byte == 0 && start == *offset && size == table_word) {
                change->value = value; // a whole word, as kernels write them
                break;
            }
        }
        for (TableChange* const change : touched) {
            if (change == nullptr)
                continue;
            // The word's place in this table; the change may be another vCPU's.
            const auto offset =
                change->table == row.table ? change->offset : *row.table->offset_of(change->gpa);
            verdict.error = row.kind == MemoryAccess::idt_write
                                ? judge_gate_half(offset, change->value, changes)
                                : judge_word(row.kind, offset, change->value, 0);
            if (verdict.error != Error::none)
                return verdict;
        }
    }
    if (verdict.kind == MemoryAccess::unprotected && tss_.offset_of(gpa))
        verdict.kind = MemoryAccess::tss_write;
    return verdict;
}

Error ProtectedTables::judge_image(std::uint64_t page, const std::uint8_t* before,
                                   std::uint8_t* image) const {
    struct Judged {
        const GuestTable* table;
        MemoryAccess kind;
    };
    const Judged judged[]{{&gdt_, MemoryAccess::gdt_write},
                          {&ldt_, MemoryAccess::ldt_write},
                          {&idt_, MemoryAccess::idt_write}};
    for (const Judged& row : judged) {
        std::uint32_t last = ~std::uint32_t{0};
        for (std::uint64_t position = 0; position < page_size; ++position) {
            if (image[position] == before[position])
                continue;
            const auto offset = row.table->offset_of(page + position);
            if (!offset || *offset / table_word == last)
                continue;
            last = *offset / table_word;
            const std::uint32_t start = last * table_word;
            if (!row.table->contains(start, table_word))
                continue;
            std::uint64_t value = read_in_image(*row.table, start, page, image);
            const std::uint64_t other =
                row.kind == MemoryAccess::idt_write
                    ? read_in_image(*row.table, other_half_of(start), page, image)
                    : 0;
            if (const Error error = judge_word(row.kind, start, value, other); error != Error::none)
                return error;
            write_to_image(*row.table, start, page, image, value);
        }
    }
    return Error::none;
}

} // namespace hv
