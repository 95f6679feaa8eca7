#pragma once
// An external interrupt or an NMI whose delivery caused a page fault that is the guest's own: the
// guest takes the page fault first (SDM vol. 3, table 6-5), and then the event, which does not come
// a second time.

#include "hypervisor/vmx/interruption_information.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// The external interrupt that a vCPU has still to take.
struct HeldEvent {
    bool is_held;
    std::uint8_t vector;
};

/// Keeps `event` if it is an external interrupt or an NMI; other events come again with the
/// instruction that caused them. An interrupt is injected as soon as the guest can take it, an NMI
/// in the next exit.
[[gnu::cold]] void hold_event(Vcpu& vcpu, InterruptionInformation event);

/// INTERRUPT_WINDOW: the guest can take the interrupt that is held.
void handle_interrupt_window(Vcpu& vcpu);

/// The vCPU is reset: it takes nothing that was held.
void forget_held_event(Vcpu& vcpu);

} // namespace hv
