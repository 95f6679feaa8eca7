#pragma once
// The LDT of a vCPU, found through the guest's page tables when it was loaded, as a processor would
// use it.

#include "tests/fuzz/fuzz_machine.h"

#include <cstdint>
#include <vector>

namespace hv::fuzz {

class LocalTable {
  public:
    /// The vCPU that runs has loaded LDTR.
    void follow(FuzzMachine& machine);
    /// No slot of it holds what ring 3 could enter ring 0 by.
    void check() const;

  private:
    std::vector<std::uint64_t> slots_; ///< physical addresses
};

} // namespace hv::fuzz
