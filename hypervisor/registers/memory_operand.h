#pragma once
// The memory operand of an instruction that exited and that the monitor carries out: its address,
// by the guest's segments, and its words, by the guest's page tables. All that the processor does
// for the operand is done here: it checks the segment, the alignment and the rights, raises the
// fault that the guest would see, sets accessed and dirty bits, and meets data breakpoints.
//
// An operand of several words is accessed word by word, as the processor does it: words before one
// that faults have been accessed.

#include "hypervisor/memory/guest_memory.h"
#include "hypervisor/vmx/instruction_information.h"
#include "hypervisor/x86/page_fault.h"

#include <array>
#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;

class MemoryOperand {
  public:
    /// The operand of the instruction whose VM exit is being handled. The exit qualification is its
    /// displacement (SDM vol. 3, 28.2.1), which for RIP-relative operands already includes RIP.
    MemoryOperand(Vcpu& vcpu, MemoryOperandInformation information);
    /// That of a string instruction: at `offset` in a segment. `address_size` is in bits.
    MemoryOperand(Vcpu& vcpu, SegmentNumber segment, std::uint8_t address_size,
                  std::uint64_t offset);

    /// The word at `offset` of the operand. Nothing when it cannot be read: the fault has been
    /// injected. Takes the lock of the page tables.
    template <MachineWord T>
    [[nodiscard]] std::optional<T> load(std::uint32_t offset) const {
        std::uint64_t value = 0;
        if (!load(offset, sizeof(T), value))
            return std::nullopt;
        return static_cast<T>(value);
    }
    /// Writes a word. False when it cannot be written: the fault has been injected, or #GP where
    /// the page is protected and may not hold what the guest stores. Takes the lock of the page
    /// tables.
    template <MachineWord T>
    [[nodiscard]] bool store(std::uint32_t offset, T value) const {
        return store(offset, sizeof(T), value);
    }

    /// Whether a word can be written: what an instruction finds out before it reads what it will
    /// write from somewhere else. False when it cannot: the fault has been injected. Takes the lock
    /// of the page tables.
    template <MachineWord T>
    [[nodiscard]] bool may_store(std::uint32_t offset) const {
        return find(offset, sizeof(T), fault_code::write).has_value();
    }

  private:
    /// A run of bytes in one page.
    struct Piece {
        std::uint64_t gpa;
        std::uint32_t size; ///< 0: the word lies in the other piece
    };
    /// Where a word lies.
    struct Place {
        std::uint64_t linear;
        std::array<Piece, 2> pieces{};
    };

    Vcpu& vcpu_;
    SegmentNumber segment_;
    bool is_64_bit_; ///< 64-bit mode, not compatibility mode
    std::uint64_t address_mask_;
    std::uint64_t offset_; ///< in the segment: the effective address

    bool load(std::uint32_t offset, std::uint32_t size, std::uint64_t& value) const;
    bool store(std::uint32_t offset, std::uint32_t size, std::uint64_t value) const;
    std::optional<Place> find(std::uint32_t offset, std::uint32_t size, std::uint32_t access) const;
    std::optional<std::uint64_t> linear_address(std::uint64_t offset, std::uint32_t size,
                                                std::uint32_t access) const;
    bool is_in_segment(std::uint64_t offset, std::uint32_t size, std::uint32_t access) const;
    bool must_be_aligned(std::uint32_t access) const;
    void meet_breakpoints(std::uint64_t linear, std::uint32_t size, bool write) const;
};

} // namespace hv
