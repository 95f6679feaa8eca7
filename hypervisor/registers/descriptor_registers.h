#pragma once
// GDTR, IDTR, LDTR and TR of the guest under profile `hardened`: what a load does, whether by a
// call or by an instruction that exited.

#include "shared/error.h"
#include "shared/vcpu_area.h"

#include <cstdint>
#include <optional>

namespace hv {

struct Vcpu;

/// Each has ProtectedTables judge and take over the table, then loads the register and its
/// mirror in the per-vCPU area. Errors: those of ProtectedTables.
abi::Error set_guest_gdtr(Vcpu& vcpu, const abi::PseudoDescriptor& value);
abi::Error set_guest_idtr(Vcpu& vcpu, const abi::PseudoDescriptor& value);
abi::Error set_guest_ldtr(Vcpu& vcpu, std::uint16_t selector);
abi::Error set_guest_tr(Vcpu& vcpu, std::uint16_t selector);
/// As set_guest_tr, for a TSS that LTR has made busy already.
abi::Error adopt_guest_tr(Vcpu& vcpu, std::uint16_t selector);

/// The 10-byte operand at a linear address; nothing when it is not mapped RAM of the guest.
std::optional<abi::PseudoDescriptor> read_pseudo_descriptor(Vcpu& vcpu, std::uint64_t linear);

} // namespace hv
