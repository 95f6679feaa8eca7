#pragma once
// Exits after which the guest cannot go on. Each says why, and ends the run.

#include <cstdint>
#include <string_view>

namespace hv {

struct Vcpu;

[[gnu::cold, gnu::noinline]] void handle_triple_fault(Vcpu& vcpu);
[[gnu::cold, gnu::noinline]] void handle_ept_misconfig(Vcpu& vcpu);
/// An exit that no control of the VMCS asks for.
[[gnu::cold, gnu::noinline]] void handle_unexpected(Vcpu& vcpu);

/// The delivery of an exception or interrupt touched memory that the guest may not have there: a
/// stack or a descriptor. An exception that told the guest so would be delivered to the same
/// memory. `what` names the kind of `address`.
[[noreturn, gnu::cold]] void stop_delivery(Vcpu& vcpu, std::string_view what,
                                           std::uint64_t address);

} // namespace hv
