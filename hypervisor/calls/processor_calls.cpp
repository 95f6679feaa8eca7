// The calls Shootdown and SetInitialAPState.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/calls/call_handlers.h"
#include "hypervisor/memory/guest_walk.h"
#include "hypervisor/processors/start_vcpu.h"
#include "hypervisor/registers/control_registers.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/pause.h"

#include <array>
#include <bit>

namespace hv {

using abi::Error;

namespace {

// Whether the guest can load `root` on that vCPU without a VM exit.
bool is_published(const Vcpu& vcpu, std::uint64_t root) {
    for (const ShadowedRoot& published : vcpu.roots.published)
        if (published.table != 0 && published.guest == root)
            return true;
    return false;
}

// Whether a vCPU may use translations of the address space `root`. A vCPU in another address space
// loads CR3 before it uses this one, which drops what it has cached; but with PCIDs the load need
// not drop anything. Where a vCPU loads roots without a VM exit, the mirror of CR3 says which one
// it has loaded; a kernel that writes nonsense there deceives only itself.
bool may_use(const Vcpu& vcpu, std::uint64_t root, bool has_pcids) {
    const volatile abi::ControlPage& control = vcpu.area->control;
    const std::uint64_t asked_for = control.cr3;
    if (has_pcids || (vcpu.roots.limit != 0 && asked_for == root))
        return true;
    if (vcpu.roots.current.guest != root)
        return false;
    // The mirror names another root. The vCPU has loaded that one without a VM exit, unless the
    // load still waits in the ring.
    const bool queued = control.ring.tail != vcpu.ring_head;
    return queued || vcpu.roots.limit == 0 || !is_published(vcpu, asked_for);
}

// The vCPUs of `mask` that may use translations of the address space `root`, as a mask.
std::uint64_t users_of(const VirtualMachine& machine, std::uint64_t mask, std::uint64_t root,
                       bool has_pcids) {
    std::uint64_t users = 0;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        if ((mask >> number & 1) == 0)
            continue;
        Vcpu& vcpu = *machine.vcpus[number];
        const SpinGuard guard{vcpu.roots.known.lock};
        if (may_use(vcpu, root, has_pcids))
            users |= std::uint64_t{1} << number;
    }
    return users;
}

} // namespace

Error call_shootdown(Vcpu& vcpu, std::uint64_t mask, std::uint64_t root, std::uint64_t) {
    if (must_pause(vcpu)) // it waits for others
        return paused;
    VirtualMachine& machine = *vcpu.machine;
    if ((mask & ~machine.every_vcpu()) != 0)
        return Error::bad_vcpu;
    const bool everywhere = root == abi::every_address_space;
    const std::uint64_t own = std::uint64_t{1} << vcpu.number;
    if ((mask & own) != 0)
        drop_before_entry(vcpu, Stale::all);
    const bool has_pcids = (guest_cr4(vcpu) & cr4::pcid_enable) != 0;
    const std::uint64_t others = mask & ~own;
    // The lock is held while a store of another vCPU is emulated. So that store is either finished,
    // or its vCPU will see the request below first.
    lock_page_tables(vcpu);
    // If the kernel has not registered its page tables, what it has changed in them takes effect
    // now.
    if (machine.shadows.has_unsynced() && !machine.shadows.sync(0))
        return paused;
    // Before the other vCPUs are asked, they are told of what earlier updates of the batch made
    // stale.
    account_for_stale(vcpu);
    ask_vcpus(vcpu, everywhere ? others : users_of(machine, others, root, has_pcids),
              everywhere ? request::all_translations : request::non_global_translations);
    return Error::none;
}

Error call_set_initial_ap_state(Vcpu& vcpu, std::uint64_t pointer, std::uint64_t number,
                                std::uint64_t) {
    std::array<std::uint8_t, sizeof(abi::InitialState)> bytes{};
    if (!read_guest_linear(vcpu.machine->memory, guest_cr3(vcpu), pointer, bytes.data(),
                           static_cast<std::uint32_t>(bytes.size())))
        return Error::bad_address;
    if (number >= abi::max_vcpus)
        return Error::bad_vcpu;
    return order_start(vcpu, static_cast<std::uint32_t>(number),
                       std::bit_cast<abi::InitialState>(bytes));
}

} // namespace hv
