#pragma once
// The start-up code of a processor that is given no state, where it runs.

#include "guest/kernel/boot/trampoline.h"
#include "guest/kernel/memory/address_space.h"
#include "shared/processors.h"

#include <cstdint>

namespace guest {

/// The page of the trampoline, and an address space that maps it where it runs.
class TrampolinePage {
  public:
    TrampolinePage();
    ~TrampolinePage();
    TrampolinePage(const TrampolinePage&) = delete;
    TrampolinePage& operator=(const TrampolinePage&) = delete;

    /// Lets it lead to this state, but in the address space of the trampoline, whose upper half is
    /// the kernel's.
    void set(const abi::InitialState& state) const;
    /// Lets it load another root.
    void set_root(std::uint64_t root) const;
    /// Lets its first jump, still without paging, go to a physical address.
    void set_first_jump(std::uint32_t physical) const;

    /// For SIPI.
    static constexpr std::uint8_t number = TRAMPOLINE_BASE / 4096;

  private:
    AddressSpace space_;
};

} // namespace guest
