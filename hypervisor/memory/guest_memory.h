#pragma once
// All access to the guest's memory: typed, bounds-checked, each word read or written once.

#include "hypervisor/memory/direct_map.h"
#include "hypervisor/memory/memory_map.h"

#include <concepts>
#include <cstdint>
#include <optional>

namespace hv {

/// A word the processor reads and writes in one access.
template <typename T>
concept MachineWord = std::unsigned_integral<T> && sizeof(T) <= 8;

/// Guest-physical memory. The map is identical: a GPA is the physical address. Another vCPU may
/// change any word at any time, so a word is read once, and the value that was read is the one that
/// is checked.
class GuestMemory {
  public:
    constexpr GuestMemory() = default;
    explicit GuestMemory(const MemoryMap& ram) : ram_{&ram} {}

    /// Whether [gpa, gpa + size) is the guest's RAM.
    bool contains(std::uint64_t gpa, std::uint64_t size) const { return ram_->is_ram(gpa, size); }

    /// The word at `gpa`; nothing when it is not the guest's RAM.
    template <MachineWord T>
    std::optional<T> read(std::uint64_t gpa) const {
        if (!contains(gpa, sizeof(T)))
            return std::nullopt;
        const T value = direct_word<T>(gpa);
        return value;
    }

    /// Writes the word at `gpa`; false when it is not the guest's RAM.
    template <MachineWord T>
    bool write(std::uint64_t gpa, T value) const {
        if (!contains(gpa, sizeof(T)))
            return false;
        direct_word<T>(gpa) = value;
        return true;
    }

  private:
    const MemoryMap* ram_ = nullptr;
};

/// Sets bits of an 8-byte aligned word atomically; returns the new value.
inline std::uint64_t set_bits(std::uint64_t physical, std::uint64_t bits) {
    return __atomic_or_fetch(reinterpret_cast<std::uint64_t*>(direct_pointer(physical)), bits,
                             __ATOMIC_SEQ_CST);
}

} // namespace hv
