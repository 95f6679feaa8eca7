#pragma once
// How an exit handler lets the guest go on: after the instruction, or with an exception.

#include "hypervisor/vcpu/exit_information.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vmx/interruption_information.h"
#include "hypervisor/x86/rflags.h"
#include "shared/error.h"

#include <cstdint>
#include <string_view>

namespace hv {

/// Outside 64-bit mode the last instruction below 4 GiB is followed by the one at 0, and VM entry
/// refuses a larger RIP (SDM vol. 3, 27.3.1.4).
[[gnu::cold, gnu::noinline]] std::uint64_t wrap_outside_64_bit_mode(const Vcpu& vcpu,
                                                                    std::uint64_t rip);

/// Moves RIP by the length of an instruction.
[[gnu::always_inline]] inline void advance_rip(Vcpu& vcpu, std::uint64_t length) {
    std::uint64_t next = vcpu.vmcs.read(Field::guest_rip) + length;
    if (static_cast<std::uint32_t>(next) < length) [[unlikely]] // a multiple of 4 GiB was crossed
        next = wrap_outside_64_bit_mode(vcpu, next);
    vcpu.vmcs.write(Field::guest_rip, next);
}

/// Moves RIP past the instruction that exited, as if it had run: blocking by STI and MOV SS ends,
/// and with RFLAGS.TF set its debug trap is pending (SDM vol. 3, 27.3.1.5 demands both together).
void skip_instruction(Vcpu& vcpu);

/// What the end of an instruction does, wherever RIP is: blocking by STI and MOV SS ends, RF is
/// cleared, and with TF set in `flags`, the guest's RFLAGS, its debug trap is pending (25.4.2).
[[gnu::noinline]] void end_instruction(Vcpu& vcpu, std::uint64_t flags);

/// As skip_instruction for an instruction whose length is known; fewer VMCS accesses when TF is
/// clear: blocking by STI or MOV SS then lasts one instruction longer, which can only be
/// observed as an interrupt that comes one instruction later.
[[gnu::always_inline]] inline void skip_known_instruction(Vcpu& vcpu, std::uint64_t length) {
    advance_rip(vcpu, length);
    const std::uint64_t flags = vcpu.vmcs.read(Field::guest_rflags);
    if ((flags & (rflags::trap | rflags::resume)) != 0) [[unlikely]]
        end_instruction(vcpu, flags);
}

/// Has the guest take an exception at the instruction that exited.
void inject_exception(Vcpu& vcpu, std::uint8_t vector, std::uint32_t error_code = 0);

/// The same for a fault of the instruction that exited: RF is set in its frame (SDM vol. 3,
/// 18.3.1.1), which it is not when the exit's cause was not that fault.
void inject_fault(Vcpu& vcpu, std::uint8_t vector, std::uint32_t error_code = 0);

/// Has `event`, whose delivery the exit interrupted, delivered again.
[[gnu::cold, gnu::noinline]] void repeat_event(Vcpu& vcpu, InterruptionInformation event);

/// The same, if there was such an event.
[[gnu::always_inline]] inline void repeat_interrupted_event(Vcpu& vcpu) {
    if (const InterruptionInformation event = interrupted_event(vcpu); event.valid()) [[unlikely]]
        repeat_event(vcpu, event);
}

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
inline std::uint32_t current_privilege_level(const Vcpu& vcpu) {
    return AccessRights{static_cast<std::uint32_t>(vcpu.vmcs.read(Field::guest_ss_access_rights))}
        .privilege_level();
}

} // namespace hv
