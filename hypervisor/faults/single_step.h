#pragma once
// Running one guest instruction, or the delivery of one event, on copies of pages. An instruction
// runs under RFLAGS.TF. The rules, with the sections of SDM vol. 3:
//
// When a step begins: in the VM exit for a store to a protected page that the monitor cannot carry
// out itself (faults/protected_store.cpp): an instruction that the decoder does not know, a store
// that crosses a page, code outside 64-bit mode. begin_single_step() is the only place, except for
// events (below). No step is active at that point, since every VM exit ends one before its handler
// runs.
//
// The local APIC's page, while writes to it exit, is stepped like a protected page: the image holds
// its registers, and what the instruction stores is carried out when it has run.
//
// A store that crosses from one protected page into another interrupts the step for the first by a
// VM exit for the second. The step that begins in that VM exit has both pages.
//
// What a step changes (vcpu/single_step_state.h is the list of what is put back):
// - The pages. Only this vCPU reaches copies of them, through copies of the four tables that lead
//   to each (translation/step_pages.h): the EPT pointer, or CR3 under shadow paging, names the
//   copied root.
// - RFLAGS.TF is set, so that #DB follows the instruction (18.3.1.4), and IA32_DEBUGCTL is 0, so
//   that it follows every instruction and not only branches (18.4.4). RFLAGS.RF is set, since a
//   breakpoint on the instruction was met before the exit. RFLAGS.IF is cleared and NMIs are
//   blocked (25.4.2), since no handler of the guest's may run on the copy.
// - The exception bitmap is all ones (25.6.3) for the same reason: #DB, and every fault of the
//   instruction, causes a VM exit.
// - IDTR has limit 0, and SYSCALL is disabled in IA32_EFER. The instruction that runs need not be
//   the one that the step is for: another vCPU may replace it, or the processor may find it by a
//   stale translation. Only INT n and SYSCALL would clear TF and enter code of the guest's without
//   a VM exit. Now INT n causes #GP and SYSCALL #UD, each a VM exit.
// - Blocking by STI and by MOV SS is cleared. With TF set and such blocking, VM entry would demand
//   a pending single step (27.3.1.5), which would be a #DB before the instruction (27.7.3). For the
//   same reason no debug exception is pending.
//
// When it ends: in end_single_step(), whatever happens. At a VM exit the dispatch calls it before
// anything else (exits/dispatch.cpp). When another vCPU asks for something before VM entry, the
// instruction has not run yet, and serve_before_entry() calls it (exits/settle.cpp). So no handler
// runs during a step, and none has to ask whether one is active.
//
// What the end does: it puts back everything in the list. If the instruction has run, blocking by
// STI and MOV SS is over, and the debug exceptions that it leaves pending are the guest's own: its
// data breakpoints, and a single step if the guest steps itself (25.4.2, table 25-4), in place of
// the #DB that the monitor took. Then, with the page tables locked, it judges every word that
// differs between a copy and the page as it was when the step began, and writes all of them to the
// page, or none.
//
// Delivery of an event, under shadow paging: with the guest's CR0.WP clear, the processor pushes
// the frame onto pages that the guest's page tables make read-only, and no entry that other
// accesses use can be made writable for that (faults/page_fault.cpp). The event is injected again
// with CR3 naming the copied tables, and the frame goes to the images. Nothing else is changed.
// Instead the copied root forbids every fetch: once the frame is written, the first instruction of
// the handler causes a VM exit, which ends the step. So no instruction runs on the copies, neither
// of the kernel's, which SMEP and SMAP restrain, nor of ring 3, which may not write to these pages;
// and none reads CR3, or loads it without an exit. A frame over two pages interrupts the step for
// the first, as a store does.
//
// The monitor trap flag (26.5.2) would make TF unnecessary. Few CPU models offer it, and its VM
// exit was not seen on those of Bochs that do.

#include "hypervisor/faults/protected_store.h"

#include <cstdint>

namespace hv {

struct Vcpu;

/// How a step ended.
enum class StepEnd : std::uint8_t {
    /// By #DB: the instruction has run, and its stores are in the page. The exit had no other
    /// cause.
    completed,
    /// Its stores were refused: none is in the page. #GP is injected in place of everything that
    /// the instruction caused.
    refused,
    /// By something else: the stores of the instruction until then are in the page. The exit is to
    /// be handled as if there had been no step; the instruction may run again. The delivery of an
    /// event always ends like this.
    interrupted,
    /// By an instruction that a step holds back: it was not the one that the step was for. The exit
    /// had no other cause, and the instruction runs again outside the step.
    held_back,
};

/// Has the instruction at RIP write to a copy of the protected page that holds `target`, and, if it
/// has interrupted a step in this VM exit, to those of that step. False when no 4 KiB page is
/// mapped there, or the instruction writes to more pages than a step can have; the guest's state is
/// then unchanged. Takes the lock of the page tables.
[[nodiscard]] bool begin_single_step(Vcpu& vcpu, const StoreTarget& target);

/// Has the event whose delivery the VM exit interrupted write to a copy of the page that holds
/// `target`, and, if the VM exit has ended the step of a delivery, to those of that step. The page
/// is the guest's RAM and not protected; the event is the caller's to inject again. Under shadow
/// paging only. False: outside IA-32e mode, as for begin_single_step(), and where the page had a
/// copy already. Takes the lock of the page tables.
[[nodiscard, gnu::cold]] bool begin_stepped_delivery(Vcpu& vcpu, const StoreTarget& target);

/// Ends the active step by the rules above. Takes the lock of the page tables.
[[nodiscard, gnu::cold, gnu::noinline]] StepEnd end_single_step(Vcpu& vcpu);

/// Whether this VM exit has ended a step.
bool ended_single_step_in_exit(const Vcpu& vcpu);

} // namespace hv
