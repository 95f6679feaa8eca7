#pragma once
// How an exit handler lets the guest go on: after the instruction, or with an exception.

#include "hypervisor/vmx/interruption_information.h"
#include "shared/error.h"

#include <cstdint>
#include <string_view>

namespace hv {

struct Vcpu;

/// Moves RIP past the instruction that exited, as if it had run: blocking by STI and MOV SS ends,
/// and with RFLAGS.TF set its debug trap is pending (SDM vol. 3, 27.3.1.5 demands both together).
void skip_instruction(Vcpu& vcpu);

/// Does what happens at the end of an instruction, except for moving RIP: blocking by STI and MOV
/// SS ends, and if TF is set in `flags`, the guest's RFLAGS, the debug trap becomes pending
/// (25.4.2).
[[gnu::noinline]] void end_instruction(Vcpu& vcpu, std::uint64_t flags);

/// As skip_instruction for an instruction whose length is known; fewer VMCS accesses when TF is
/// clear: blocking by STI or MOV SS then lasts one instruction longer, which can only be
/// observed as an interrupt that comes one instruction later.
void skip_known_instruction(Vcpu& vcpu, std::uint64_t length);

/// Has the guest take an exception at the instruction that exited.
void inject_exception(Vcpu& vcpu, std::uint8_t vector, std::uint32_t error_code = 0);

/// Has the guest take #PF for an access to `linear`.
void inject_page_fault(Vcpu& vcpu, std::uint64_t linear, bool write, bool user, bool present);

/// Has the event whose delivery the exit interrupted delivered again; does nothing if there was
/// none.
void repeat_event(Vcpu& vcpu);

/// Blocks NMIs again for an IRET that exited after it had ended the blocking (SDM vol. 3, 28.2.3),
/// and will run again. Does nothing where the exit interrupted the delivery of an event: there is
/// no such IRET then.
[[gnu::cold, gnu::noinline]] void block_nmis_again(Vcpu& vcpu);

/// Injects an NMI that came while the monitor ran. If the guest cannot take it now, the NMI waits
/// for the next exit.
[[gnu::cold, gnu::noinline]] void inject_nmi(Vcpu& vcpu);

/// A native instruction was refused: #GP(0), counted, and named on the console.
void refuse_instruction(Vcpu& vcpu, abi::Error error, std::string_view what,
                        std::uint64_t argument);

/// Counts a refusal and names each error once on the console: operation, argument, rule.
[[gnu::cold, gnu::noinline]] void name_refusal(Vcpu& vcpu, abi::Error error, std::string_view what,
                                               std::uint64_t argument);

/// The guest's current privilege level: SS.DPL (SDM vol. 3, 25.4.1).
std::uint32_t current_privilege_level(const Vcpu& vcpu);

} // namespace hv
