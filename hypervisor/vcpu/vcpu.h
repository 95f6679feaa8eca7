#pragma once
// One virtual processor: all that its exit handlers touch, in parts that say who may touch them.

#include "hypervisor/descriptors/protected_tables.h"
#include "hypervisor/host/processor/host_tables.h"
#include "hypervisor/instructions/decoder/store_cache.h"
#include "hypervisor/translation/step_pages.h"
#include "hypervisor/vcpu/guest_roots.h"
#include "hypervisor/vcpu/held_event.h"
#include "hypervisor/vcpu/invalidation.h"
#include "hypervisor/vcpu/layout.h"
#include "hypervisor/vcpu/pending.h"
#include "hypervisor/vcpu/single_step_state.h"
#include "hypervisor/vcpu/start_state.h"
#include "hypervisor/vcpu/virtual_machine.h"
#include "hypervisor/vcpu/vmcs.h"
#include "hypervisor/x86/general_registers.h"
#include "shared/error.h"
#include "shared/statistics.h"
#include "shared/vcpu_area.h"

#include <cstddef>
#include <cstdint>

namespace hv {

struct CallDispatch;

inline constexpr std::size_t host_stack_size = 4 * page_size;

/// What the exit stub (exits/vm_exit.S) touches: at a VM exit RSP points just past
/// `registers`, so that pushing fills them.
struct alignas(page_size) VcpuFrame {
    std::uint8_t host_stack[host_stack_size];
    GuestRegisters registers;
    std::uint64_t exit_time;    ///< TSC as soon as the registers were saved
    std::uint32_t in_guest;     ///< 1 from just before VM entry until just after the VM exit
    std::uint32_t requests;     ///< bits of request (address_space/requests.h), set by other vCPUs
    abi::Statistics statistics; ///< a page of its own, which the guest reads while it runs
};
static_assert(offsetof(VcpuFrame, registers) == host_stack_size);
static_assert(offsetof(VcpuFrame, exit_time) - host_stack_size == VCPU_EXIT_TIME);
static_assert(offsetof(VcpuFrame, in_guest) - host_stack_size == VCPU_IN_GUEST);
static_assert(offsetof(VcpuFrame, requests) - host_stack_size == VCPU_REQUESTS);
static_assert(offsetof(VcpuFrame, statistics) + offsetof(abi::Statistics, monitor_ticks) -
                  host_stack_size ==
              VCPU_MONITOR_TICKS);

/// Set when the machine is prepared, and constant from then on: every vCPU reads them.
struct VcpuIdentity {
    VirtualMachine* machine;
    std::uint32_t number;  ///< from 0; it runs on the processor of that number
    std::uint32_t apic_id; ///< of that processor
    abi::VcpuArea* area;   ///< guest-written: read each word once
    StepPages* step_pages; ///< in the monitor's memory
    std::uint16_t vpid;    ///< 0 without VPID
    Invalidation invalidation;
};

/// What other vCPUs touch while this one runs, beside `in_guest` and `requests` of the frame. Each
/// member says by what it is guarded; docs/processors.md has the order of the locks.
struct VcpuShared {
    /// 1 while it waits for a SIPI: halted, with interrupts off, it runs nothing of the guest's.
    /// Written by this vCPU, read by others; atomically.
    std::uint32_t waits_for_start;
    /// The SIPI's vector. Written before request::start is set, and read after it was seen.
    std::uint8_t startup_page;
    StartOrder start_order; ///< VirtualMachine::start_lock
    cpu::NmiState nmi;      ///< `kick_in_flight` is set by others; atomically
    GuestRoots roots;       ///< `roots.known.lock`; classic, and on hardened `current.guest`
    /// VirtualMachine::page_table_lock; without it this vCPU uses its free slots and known entries.
    ProtectedTables tables;
};

/// The rest is this vCPU's alone: no other reads or writes it, and no lock is needed.
struct Vcpu : VcpuFrame, VcpuIdentity, VcpuShared {
    Vmcs vmcs;
    std::uint32_t ring_head; ///< the monitor's own; the guest sees a copy
    abi::Error drain_error;  ///< of the last batch, until a Flush reports it
    std::uint8_t pending;    ///< to be done before the guest runs on (vcpu/pending.h)

    std::uint64_t cr0_mask;   ///< bits of CR0 the monitor owns
    std::uint64_t cr0_forced; ///< bits that are 1 in the processor whatever the guest's are
    std::uint64_t cr0_shadow; ///< what the guest reads of them
    std::uint64_t cr4_mask;
    std::uint64_t cr4_shadow;
    std::uint64_t efer;             ///< as the guest has it
    const CallDispatch* calls;      ///< that are accepted in the mode in which it is
    std::uint32_t exception_bitmap; ///< outside a single step
    std::uint32_t primary_controls; ///< primary processor-based, as in its VMCS
    HeldEvent held_event;
    KeptMsrs kept_msrs;

    /// LGDT, LIDT, LLDT and LTR do not exit: their registers are compared in every exit.
    bool watches_descriptor_registers;
    std::uint16_t followed_ldtr; ///< selectors as they were at the last comparison
    std::uint16_t followed_tr;

    StoreCache store_cache;
    StoreCache store_cache_32{CodeSize::bits_32}; ///< outside IA-32e mode
    SingleStep single_step;
    /// Value of statistics.exits when a failed entry was last repaired.
    std::uint64_t entry_repair = ~std::uint64_t{0};
    /// Value of statistics.exits when it last dropped translations for others.
    std::uint64_t served_in_exit = ~std::uint64_t{0};

    std::uint64_t refusals_named; ///< bit n: Error n was named on the console
    /// MSRs that were refused and named; further ones are counted only.
    boost::container::static_vector<std::uint32_t, 64> named_msrs;
};

/// The vCPU whose registers these are.
inline Vcpu& vcpu_of(GuestRegisters& registers) {
    auto* frame =
        reinterpret_cast<VcpuFrame*>(reinterpret_cast<std::uint8_t*>(&registers) - host_stack_size);
    return static_cast<Vcpu&>(*frame);
}

} // namespace hv
