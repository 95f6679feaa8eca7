#pragma once
// The lock of all that page tables, shadows, EPT rights and descriptor tables of the vCPUs share.
// Taken at the first need in a VM exit and kept until settle(), before VM entry: a batch of many
// entries takes it once. A context switch between roots that the vCPU knows does not take it.

#include "hypervisor/vcpu/vcpu.h"

namespace hv {

[[gnu::noinline]] void take_page_table_lock(Vcpu& vcpu);

inline bool holds_page_table_lock(const Vcpu& vcpu) {
    return (vcpu.pending & pending::page_tables) != 0;
}
inline void lock_page_tables(Vcpu& vcpu) {
    if (!holds_page_table_lock(vcpu))
        take_page_table_lock(vcpu);
}

/// Marks what has been made stale to be dropped, waits until no other vCPU can write what was
/// write-protected, and gives the lock back.
void unlock_page_tables(Vcpu& vcpu);

} // namespace hv
