#pragma once
// The page in which a processor that is given no state runs its start-up code.

#include "guest/kernel/boot/trampoline.h"
#include "guest/kernel/memory/address_space.h"
#include "shared/processors.h"

#include <cstdint>

namespace guest {

/// The page of the trampoline, and an address space that maps this page at its physical address.
class TrampolinePage {
  public:
    TrampolinePage();
    ~TrampolinePage();
    TrampolinePage(const TrampolinePage&) = delete;
    TrampolinePage& operator=(const TrampolinePage&) = delete;

    /// Makes the trampoline lead to `state`, except that the address space is the trampoline's own,
    /// whose upper half is the kernel's.
    void set(const abi::InitialState& state) const;
    /// Makes the trampoline load another root, a physical address.
    void set_root(std::uint64_t root) const;
    /// Makes its first jump, which is made without paging, go to a physical address.
    void set_first_jump(std::uint32_t physical) const;

    /// The number of the page, for SIPI.
    static constexpr std::uint8_t number = TRAMPOLINE_BASE / 4096;

  private:
    AddressSpace space_;
};

} // namespace guest
