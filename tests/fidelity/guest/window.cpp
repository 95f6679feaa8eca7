#include "tests/fidelity/guest/window.h"

#include "tests/fidelity/guest/processor.h"
#include "tests/fidelity/guest/tables.h"

#include <cstring>

extern "C" std::uint64_t boot_pml4[];

namespace fidelity::window {
namespace {

struct alignas(page_size) Page {
    std::uint64_t word[page_size / 8];
};

TablePage top_level;
TablePage second_top_level;
TablePage pointer_table;
TablePage directory;
TablePage page_table;
/// The pages that are no tables, in the order of the slots.
Page memory[slot_count];
Page pattern[slot_count];
/// What a case began with.
Page beginning[slot_count];

constexpr std::uint8_t large_page_pattern = 0x33;

std::uint8_t* large_page() { return reinterpret_cast<std::uint8_t*>(kernel_base + large_frame); }

TablePage* table_of(std::uint32_t slot) {
    switch (slot) {
    case slot_gdt:
        return &gdt_page;
    case slot_ldt:
        return &ldt_page;
    case slot_idt:
        return &idt_page;
    case slot_tss:
        return &tss_page;
    case slot_page_table:
        return &page_table;
    case slot_page_directory:
        return &directory;
    default:
        return nullptr;
    }
}

std::uint64_t* words_of(std::uint32_t slot) {
    TablePage* const table = table_of(slot);
    return table == nullptr ? memory[slot].word : table->word;
}

void set(std::uint64_t& word, std::uint64_t value) {
    auto& stored = *static_cast<volatile std::uint64_t*>(&word);
    if (stored != value)
        stored = value;
}

/// Sets the entries in use, and clears all others.
void reset_table(TablePage& table, std::size_t first, const std::uint64_t* entries,
                 std::size_t count) {
    for (std::size_t index = 0; index < page_size / 8; ++index)
        set(table.word[index],
            index >= first && index < first + count ? entries[index - first] : 0);
}

void copy_page(std::uint64_t* to, const std::uint64_t* from) {
    std::size_t count = page_size / 8;
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

bool are_equal(const std::uint64_t* left, const std::uint64_t* right) {
    std::size_t count = page_size / 8;
    bool equal = false;
    asm volatile("repe cmpsq" : "+D"(left), "+S"(right), "+c"(count), "=@cce"(equal) : : "memory");
    return equal;
}

/// What the pages that are no tables hold at first.
void make_patterns() {
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
        if (table_of(slot) != nullptr)
            continue;
        for (std::size_t index = 0; index < page_size / 8; ++index)
            pattern[slot].word[index] =
                (slot * 0x1000 + index * 8 + 0x5A5A) * 0x0101010101010101 ^ 0x1234;
    }
    std::memset(pattern[slot_code].word, 0x90, page_size);
    std::memset(pattern[slot_code_end].word, 0x90, page_size);
}

void fill_memory() {
    for (std::uint32_t slot = 0; slot < slot_count; ++slot)
        if (table_of(slot) == nullptr && !are_equal(memory[slot].word, pattern[slot].word))
            copy_page(memory[slot].word, pattern[slot].word);
    std::memset(large_page(), large_page_pattern, large_page_used);
}

} // namespace

std::uint64_t root() { return physical_of(&top_level); }
std::uint64_t other_root() { return physical_of(&second_top_level); }

void initialise() {
    make_patterns();
    for (std::size_t index = 1; index < page_size / 8; ++index) {
        top_level.word[index] = reinterpret_cast<std::uint64_t*>(
            kernel_base + address_of(static_cast<void*>(boot_pml4)))[index];
        second_top_level.word[index] = top_level.word[index];
    }
    write_control_register<3>(root());
}

void reset(const Rights& rights) {
    std::array<std::uint64_t, slot_count> entries{};
    for (std::uint32_t slot = 0; slot < slot_count; ++slot)
        entries[slot] = physical_of(words_of(slot)) | rights.page[slot];
    reset_table(page_table, window_table_index, entries.data(), slot_count);
    const std::uint64_t leads[] = {physical_of(&page_table) | rights.directory_entry,
                                   large_frame | rights.large_page};
    reset_table(directory, window_directory_index, leads, 2);
    set(pointer_table.word[window_pdpt_index], physical_of(&directory) | rights.pointer_entry);
    for (TablePage* const table : {&top_level, &second_top_level})
        set(table->word[window_pml4_index], physical_of(&pointer_table) | rights.top_level_entry);
    write_control_register<3>(root());
    restore_tables();
    fill_memory();
}

std::uint8_t* alias(std::uint64_t linear) {
    if (linear < window_base || linear >= slot_address(slot_count))
        return nullptr;
    const auto slot = static_cast<std::uint32_t>((linear - window_base) / page_size);
    return reinterpret_cast<std::uint8_t*>(words_of(slot)) + linear % page_size;
}

void poke(std::uint64_t linear, const std::uint8_t* bytes, std::size_t count) {
    for (std::size_t index = 0; index < count; ++index)
        if (std::uint8_t* const byte = alias(linear + index))
            *static_cast<volatile std::uint8_t*>(byte) = bytes[index];
}

void note_beginning() {
    for (std::uint32_t slot = 0; slot < slot_count; ++slot)
        copy_page(beginning[slot].word, words_of(slot));
}

bool repair(std::uint64_t linear) {
    if (alias(linear) == nullptr)
        return false;
    const std::uint64_t slot = (linear - window_base) / page_size;
    auto& entry =
        *static_cast<volatile std::uint64_t*>(&page_table.word[window_table_index + slot]);
    entry = physical_of(words_of(static_cast<std::uint32_t>(slot))) | present | writable | user;
    asm volatile("invlpg (%0)" : : "r"(linear) : "memory");
    return true;
}

void describe_changes(Report& report) {
    constexpr std::uint32_t shown_words = 12;
    std::uint32_t shown = 0;
    for (std::uint32_t slot = 0; slot < slot_count; ++slot) {
        const std::uint64_t* const words = words_of(slot);
        if (are_equal(words, beginning[slot].word))
            continue;
        for (std::size_t index = 0; index < page_size / 8; ++index) {
            if (words[index] == beginning[slot].word[index])
                continue;
            if (shown++ < shown_words)
                report.add(" [", Hex{slot_address(slot) + index * 8}, "]=", Hex{words[index]});
        }
    }
    for (std::uint64_t offset = 0; offset < large_page_used; ++offset)
        if (large_page()[offset] != large_page_pattern && shown++ < shown_words)
            report.add(" [", Hex{large_page_base + offset}, "]=", Hex{large_page()[offset]});
    if (shown > shown_words)
        report.add(" changed-words=", Hex{shown});
    report.add(" pde=", Hex{directory.word[window_directory_index] & 0xFFF},
               " large=", Hex{directory.word[window_directory_index + 1] & 0xFFF},
               " pdpte=", Hex{pointer_table.word[window_pdpt_index] & 0xFFF},
               " pml4e=", Hex{top_level.word[window_pml4_index] & 0xFFF}, ",",
               Hex{second_top_level.word[window_pml4_index] & 0xFFF});
}

} // namespace fidelity::window
