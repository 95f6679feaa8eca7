#include "guest/kernel/tasks/io_permissions.h"

#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/kernel/tasks/task.h"

namespace guest::io_permissions {
namespace {

constexpr std::uint64_t none_allowed = ~std::uint64_t{0};
constexpr std::uint64_t word_bits = 64;

/// The TSS word that ends with the I/O map base; the bytes before it are reserved.
constexpr std::uint64_t base_word = offsetof(TaskStateSegment, io_map_base) & ~std::uint64_t{7};
constexpr std::uint32_t base_shift = 8 * (offsetof(TaskStateSegment, io_map_base) & 7);

void write_base(Cpu& cpu, std::uint16_t base) {
    paravirt::write_tss_word(cpu.tss, base_word, std::uint64_t{base} << base_shift);
}

void write_bitmap(Cpu& cpu, std::uint64_t index, std::uint64_t value) {
    paravirt::write_tss_word(cpu.tss, offsetof(TaskStateSegment, io_bitmap) + 8 * index, value);
}

void take_out(Cpu& cpu, const Task& owner) {
    for (std::uint32_t i = 0; i < owner.io.words; ++i)
        write_bitmap(cpu, owner.io.word[i].index, none_allowed);
}

void put_in(Cpu& cpu, Task& owner) {
    for (std::uint32_t i = 0; i < owner.io.words; ++i)
        write_bitmap(cpu, owner.io.word[i].index, owner.io.word[i].value);
    cpu.io_bitmap_owner = &owner;
}

/// Returns the task's word `index` of the bitmap, which is added if it is missing; null if there is
/// no room.
IoBitmapWord* word_of(IoPermissions& io, std::uint64_t index) {
    for (std::uint32_t i = 0; i < io.words; ++i)
        if (io.word[i].index == index)
            return &io.word[i];
    if (io.words == IoPermissions::max_words)
        return nullptr;
    io.word[io.words] = {index, none_allowed};
    return &io.word[io.words++];
}

} // namespace

bool grant(Cpu& cpu, Task& task, std::uint64_t first, std::uint64_t count) {
    if (first >= io_ports || count > io_ports - first || count > word_bits)
        return false;
    const bool had_none = task.io.words == 0;
    for (std::uint64_t port = first; port < first + count; ++port) {
        IoBitmapWord* const word = word_of(task.io, port / word_bits);
        if (word == nullptr)
            return false;
        word->value &= ~(std::uint64_t{1} << port % word_bits);
    }
    if (cpu.io_bitmap_owner != nullptr && cpu.io_bitmap_owner != &task)
        take_out(cpu, *cpu.io_bitmap_owner);
    put_in(cpu, task);
    if (had_none && task.io.words != 0)
        write_base(cpu, io_map_present);
    return true;
}

void load(Cpu& cpu, const Task& previous, Task& next) {
    if (next.io.words != 0 && cpu.io_bitmap_owner != &next) {
        if (cpu.io_bitmap_owner != nullptr)
            take_out(cpu, *cpu.io_bitmap_owner);
        put_in(cpu, next);
    }
    if ((previous.io.words != 0) != (next.io.words != 0))
        write_base(cpu, next.io.words != 0 ? io_map_present : io_map_none);
}

void forget(Cpu& cpu, const Task& task) {
    if (cpu.io_bitmap_owner != &task)
        return;
    take_out(cpu, task);
    cpu.io_bitmap_owner = nullptr;
}

} // namespace guest::io_permissions
