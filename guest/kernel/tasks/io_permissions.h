#pragma once
// The ports that a task may use from ring 3, through the I/O bitmap of the TSS (Intel SDM vol. 1,
// 19.5.2).

#include <cstdint>

namespace guest {

struct Cpu;
struct Task;

/// One 64-bit word of the I/O bitmap; clear bits allow.
struct IoBitmapWord {
    std::uint64_t index; ///< port / 64
    std::uint64_t value;
};

struct IoPermissions {
    static constexpr std::uint32_t max_words = 2;
    std::uint32_t words; ///< number of words used; 0: the task may use no port
    IoBitmapWord word[max_words];
};

namespace io_permissions {

/// Allows the running task ports [first, first + count). Returns false if the range is invalid, or
/// if it takes more words of the bitmap than a task can have.
bool grant(Cpu& cpu, Task& task, std::uint64_t first, std::uint64_t count);

/// The part of a context switch for ports, needed if either task has any: writes the I/O map base
/// if it changes, and the bitmap if it does not hold the next task's permissions. The TSS is
/// written through WriteTSSWord only.
void load(Cpu& cpu, const Task& previous, Task& next);

/// Removes the ports of a task that is about to leave this processor from the bitmap.
void forget(Cpu& cpu, const Task& task);

} // namespace io_permissions
} // namespace guest
