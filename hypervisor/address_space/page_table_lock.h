#pragma once
// The page-table lock. It guards everything that vCPUs share of page tables, shadow page tables,
// EPT rights and descriptor tables. A VM exit takes it when it first needs it and keeps it until
// settle(), before VM entry, so that a batch of many entries takes it once. A context switch
// between roots that the vCPU has in its cache does not take it.

#include "hypervisor/address_space/translations.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/translation/paused.h"
#include "hypervisor/vcpu/vcpu.h"

#include <cstdint>
#include <utility>

namespace hv {

[[gnu::noinline]] void take_page_table_lock(Vcpu& vcpu);

inline bool holds_page_table_lock(const Vcpu& vcpu) {
    return (vcpu.pending & pending::page_tables) != 0;
}
inline void lock_page_tables(Vcpu& vcpu) {
    if (!holds_page_table_lock(vcpu))
        take_page_table_lock(vcpu);
}

/// Repeats what may return `paused` until it is done, where there is no instruction that the guest
/// could execute again: a vCPU starts, or the monitor follows what has been loaded without an exit.
template <typename Operation>
abi::Error complete(Vcpu& vcpu, Operation operation) {
    abi::Error error = operation();
    while (error == paused) {
        vcpu.machine->shadows.renew_work();
        const std::uint64_t exit_time = std::exchange(vcpu.exit_time, cpu::read_tsc());
        error = operation();
        vcpu.exit_time = exit_time;
    }
    return error;
}

/// Accounts for what has become stale, waits until no other vCPU can write to what has been
/// write-protected, and gives the lock back.
[[gnu::always_inline]] inline void unlock_page_tables(Vcpu& vcpu) {
    VirtualMachine& machine = *vcpu.machine;
    if (!machine.stale.is_settled())
        account_for_stale(vcpu);
    if (machine.vcpu_count > 1)
        machine.translation.wait_until_protected();
    vcpu.pending &= static_cast<std::uint8_t>(~pending::page_tables);
    machine.page_table_lock.unlock();
}

} // namespace hv
