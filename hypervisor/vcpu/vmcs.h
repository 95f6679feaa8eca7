#pragma once
// Typed access to the current VMCS. Accesses are counted: when nested, they are most of what a VM
// exit costs.

#include "hypervisor/host/processor/vmx_instructions.h"
#include "hypervisor/vmx/field.h"

#include <cstdint>

namespace hv {

class Vmcs {
  public:
    std::uint64_t read(Field field) const {
        ++accesses_;
        return cpu::vmread(field);
    }
    void write(Field field, std::uint64_t value) const {
        ++accesses_;
        cpu::vmwrite(field, value);
    }

    /// Reads and writes so far.
    std::uint64_t accesses() const { return accesses_; }
    void reset_accesses() { accesses_ = 0; }

  private:
    mutable std::uint64_t accesses_ = 0;
};

} // namespace hv
