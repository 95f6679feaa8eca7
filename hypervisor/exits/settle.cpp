#include "hypervisor/exits/settle.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/faults/single_step.h"
#include "hypervisor/host/console.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/resume.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

[[gnu::cold, gnu::noinline]] void do_rarest(Vcpu& vcpu, std::uint8_t todo) {
    if ((todo & pending::ept_translations) != 0)
        drop_ept_translations(vcpu);
    if ((todo & pending::lines) != 0)
        console::print_queue();
}

[[gnu::always_inline]] inline void settle_without_lock(Vcpu& vcpu) {
    const std::uint8_t todo = vcpu.pending;
    vcpu.pending = 0;
    if ((todo & pending::all_translations) != 0)
        drop_translations(vcpu, Stale::all);
    else if ((todo & pending::non_global_translations) != 0)
        drop_translations(vcpu, Stale::non_global);
    if ((todo & pending::cr0) != 0)
        write_guest_cr0(vcpu);
    constexpr std::uint8_t rare =
        pending::ept_translations | pending::root_targets | pending::lines;
    if ((todo & rare) != 0) [[unlikely]] {
        if ((todo & pending::root_targets) != 0)
            write_root_targets(vcpu);
        if ((todo & (pending::ept_translations | pending::lines)) != 0)
            do_rarest(vcpu, todo);
    }
}

// Apart, so that a context switch, which holds no lock, does not save the registers used here.
[[gnu::noinline]] void settle_with_lock(Vcpu& vcpu) {
    if (vcpu.machine->shadows.can_displace())
        keep_free_running(vcpu);
    unlock_page_tables(vcpu);
    settle_without_lock(vcpu);
}

} // namespace

void settle(Vcpu& vcpu) {
    if ((vcpu.pending & pending::page_tables) != 0)
        return settle_with_lock(vcpu);
    settle_without_lock(vcpu);
}

/// Called by the stub (exits/vm_exit.S) when another vCPU has asked for something since the exit
/// was handled.
extern "C" void serve_before_entry(GuestRegisters& registers) {
    Vcpu& vcpu = vcpu_of(registers);
    if (vcpu.single_step.active) {
        // Nothing has run: it will exit again, and be stepped again.
        (void)end_single_step(vcpu);
        settle(vcpu); // to be reset or started, the vCPU must hold no lock
    }
    serve_all_requests(vcpu);
    if (vcpu.pending != 0)
        settle(vcpu);
    if (vcpu.nmi.pending != 0)
        inject_nmi(vcpu);
}

} // namespace hv
