#include "hypervisor/run/fatal_exits.h"

#include "hypervisor/host/console.h"
#include "hypervisor/run/end_of_guest.h"
#include "hypervisor/vcpu/exit_information.h"

namespace hv {

void handle_triple_fault(Vcpu& vcpu) {
    console::error("the guest triple-faulted");
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

void handle_unexpected(Vcpu& vcpu) {
    const abi::ExitReason reason = exit_reason(vcpu).basic();
    console::error("exit reason ", static_cast<std::uint64_t>(reason), " (", abi::name(reason),
                   ") was not asked for; qualification ",
                   console::Hex{vcpu.vmcs.read(Field::exit_qualification)});
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

void handle_ept_misconfig(Vcpu& vcpu) {
    console::error("EPT entry misconfigured for GPA ",
                   console::Hex{vcpu.vmcs.read(Field::guest_physical_address)});
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

void stop_delivery(Vcpu& vcpu, std::string_view what, std::uint64_t address) {
    console::error("the guest delivers an event into protected memory at ", what, ' ',
                   console::Hex{address});
    print_guest_state(vcpu);
    end_of_guest(vcpu, 1);
}

} // namespace hv
