// Stores of the guest's own to its protected tables, judged word by word.

#include "hypervisor/descriptors/protected_tables.h"

#include <algorithm>

namespace hv {

using abi::Error;
using abi::MemoryAccess;

namespace {

constexpr std::uint64_t merge(std::uint64_t old, std::uint32_t shift, std::uint32_t size,
                              std::uint64_t value) {
    const std::uint64_t bits =
        size == table_word ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * size) - 1;
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
            const std::uint32_t start = *offset / table_word * table_word;
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
            if (byte == 0 && start == *offset && size == table_word) {
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
            if (!offset || *offset / table_word == last)
                continue;
            last = *offset / table_word;
            std::uint64_t value = row.table->read(last * table_word);
            const Error error = judge_word(*row.table, row.kind, last * table_word, value);
            if (error != Error::none) {
                restore();
                return error;
            }
            row.table->write(last * table_word, value);
        }
    }
    return Error::none;
}

} // namespace hv
