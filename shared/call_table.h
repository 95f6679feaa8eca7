#pragma once
// Every VMI call's answer for 64-bit kernels: the one table from which the ROM's get_reloc, the
// monitor's dispatch and docs/calls.md come.

#include "shared/call_number.h"
#include "shared/profile.h"
#include "shared/rom_header.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace abi {

/// What a call does when the guest asks for it through the ROM.
enum class Answer : std::uint8_t {
    unassigned = 0, ///< no such call for 64-bit kernels; get_reloc answers NONE
    native,         ///< the native instruction costs no exit (or no fewer); get_reloc answers NONE
    nop,            ///< nothing to do; get_reloc answers NOP
    local,          ///< the ROM does it without an exit; CALL_REL
    queued,         ///< into the ring while a lazy mode is set, else its own VMCALL; CALL_REL
    synchronous,    ///< its own VMCALL, behind a drain in the same exit; CALL_REL
    no_return,      ///< as synchronous, but never comes back; JUMP_REL
};
inline constexpr std::uint32_t answer_count = 7;
inline constexpr std::array<std::string_view, answer_count> answer_names{
    "unassigned", "native", "NOP", "local", "queued", "synchronous", "no return"};

struct CallInfo {
    Call call;
    std::string_view name;      ///< as VMI spells it
    std::string_view arguments; ///< RDI, RSI, RDX, RCX, R8 in order; "-" for none
    Answer hardened;
    Answer classic;
    Answer modern;
    std::string_view note; ///< why, for docs/calls.md
};

inline constexpr std::array call_table{
    CallInfo{Call::cpuid, "CPUID", "as the instruction", Answer::native, Answer::native,
             Answer::native, "CPUID exits by itself; a hypercall would cost the same"},
    CallInfo{Call::wrmsr, "WRMSR", "as the instruction", Answer::native, Answer::native,
             Answer::native, "the MSRs of a context switch are not intercepted"},
    CallInfo{Call::rdmsr, "RDMSR", "as the instruction", Answer::native, Answer::native,
             Answer::native, "the MSRs of a context switch are not intercepted"},
    CallInfo{Call::set_gdt, "SetGDT", "pointer to the 10-byte pseudo-descriptor",
             Answer::synchronous, Answer::synchronous, Answer::native,
             "the table is validated and write-protected"},
    CallInfo{Call::set_ldt, "SetLDT", "selector", Answer::queued, Answer::queued, Answer::native,
             ""},
    CallInfo{Call::set_idt, "SetIDT", "pointer to the 10-byte pseudo-descriptor",
             Answer::synchronous, Answer::synchronous, Answer::native,
             "the table is validated and write-protected"},
    CallInfo{Call::set_tr, "SetTR", "selector", Answer::synchronous, Answer::synchronous,
             Answer::native, "from then on TSS and IDT stay where they are"},
    CallInfo{Call::get_gdt, "GetGDT", "pointer to a 10-byte pseudo-descriptor to fill",
             Answer::local, Answer::local, Answer::native, "from the per-vCPU area"},
    CallInfo{Call::get_ldt, "GetLDT", "-", Answer::local, Answer::local, Answer::native,
             "from the per-vCPU area"},
    CallInfo{Call::get_idt, "GetIDT", "pointer to a 10-byte pseudo-descriptor to fill",
             Answer::local, Answer::local, Answer::native, "from the per-vCPU area"},
    CallInfo{Call::get_tr, "GetTR", "-", Answer::local, Answer::local, Answer::native,
             "from the per-vCPU area"},
    CallInfo{Call::write_gdt_entry, "WriteGDTEntry", "table base (linear), index, descriptor",
             Answer::queued, Answer::queued, Answer::native, ""},
    CallInfo{Call::write_ldt_entry, "WriteLDTEntry", "table base (linear), index, descriptor",
             Answer::queued, Answer::queued, Answer::native, ""},
    CallInfo{Call::write_idt_entry, "WriteIDTEntry",
             "table base (linear), index of the 8-byte half, its value", Answer::queued,
             Answer::queued, Answer::native,
             "a 64-bit gate is two halves; an absent gate may be half written"},
    CallInfo{Call::update_kernel_stack, "UpdateKernelStack", "TSS base (linear), RSP0",
             Answer::queued, Answer::queued, Answer::native, ""},
    CallInfo{Call::set_cr0, "SetCR0", "value", Answer::queued, Answer::queued, Answer::native,
             "CR0.TS"},
    CallInfo{Call::set_cr2, "SetCR2", "value", Answer::native, Answer::native, Answer::native,
             "never exits"},
    CallInfo{Call::set_cr3, "SetCR3", "value", Answer::queued, Answer::queued, Answer::native, ""},
    CallInfo{Call::set_cr4, "SetCR4", "value", Answer::synchronous, Answer::synchronous,
             Answer::native, "may change how the next instruction runs"},
    CallInfo{Call::get_cr0, "GetCR0", "-", Answer::local, Answer::local, Answer::native,
             "what was asked for last, queued or not"},
    CallInfo{Call::get_cr2, "GetCR2", "-", Answer::native, Answer::native, Answer::native,
             "never exits"},
    CallInfo{Call::get_cr3, "GetCR3", "-", Answer::local, Answer::local, Answer::native,
             "what was asked for last, queued or not"},
    CallInfo{Call::get_cr4, "GetCR4", "-", Answer::native, Answer::native, Answer::native,
             "never exits"},
    CallInfo{Call::wbinvd, "WBINVD", "-", Answer::native, Answer::native, Answer::native,
             "not intercepted"},
    CallInfo{Call::set_dr, "SetDR", "register number, value", Answer::native, Answer::native,
             Answer::native, "debug registers are the guest's"},
    CallInfo{Call::get_dr, "GetDR", "register number", Answer::native, Answer::native,
             Answer::native, "debug registers are the guest's"},
    CallInfo{Call::rdpmc, "RDPMC", "as the instruction", Answer::native, Answer::native,
             Answer::native, "not intercepted"},
    CallInfo{Call::rdtsc, "RDTSC", "as the instruction", Answer::native, Answer::native,
             Answer::native, "not intercepted"},
    CallInfo{Call::clts, "CLTS", "-", Answer::queued, Answer::queued, Answer::native, ""},
    CallInfo{Call::enable_interrupts, "EnableInterrupts", "-", Answer::native, Answer::native,
             Answer::native, "interrupts are the guest's"},
    CallInfo{Call::disable_interrupts, "DisableInterrupts", "-", Answer::native, Answer::native,
             Answer::native, "interrupts are the guest's"},
    CallInfo{Call::get_interrupt_mask, "GetInterruptMask", "-", Answer::native, Answer::native,
             Answer::native, "interrupts are the guest's"},
    CallInfo{Call::set_interrupt_mask, "SetInterruptMask", "flags", Answer::native, Answer::native,
             Answer::native, "interrupts are the guest's"},
    CallInfo{Call::iret, "IRET", "as the instruction", Answer::native, Answer::native,
             Answer::native, "never exits"},
    CallInfo{Call::sysexit, "SYSEXIT", "as the instruction", Answer::native, Answer::native,
             Answer::native, "never exits; 64-bit kernels use SYSRET"},
    CallInfo{Call::halt, "Halt", "-", Answer::local, Answer::local, Answer::native,
             "drains what is queued, then STI and HLT"},
    CallInfo{Call::reboot, "Reboot", "-", Answer::no_return, Answer::no_return, Answer::no_return,
             ""},
    CallInfo{Call::shutdown, "Shutdown", "exit status", Answer::no_return, Answer::no_return,
             Answer::no_return, "the status is the run's"},
    CallInfo{Call::set_pxe, "SetPxE", "value, entry (linear), flags", Answer::queued,
             Answer::queued, Answer::native,
             "writes the entry; judged, and in step with the shadows, when it is drained"},
    CallInfo{Call::set_pxe_long, "SetPxELong", "value, entry (linear), flags", Answer::queued,
             Answer::queued, Answer::native, "as SetPxE: values are 64 bits wide in both"},
    CallInfo{Call::update_pxe, "UpdatePxE", "entry (linear), flags", Answer::queued, Answer::queued,
             Answer::native, "the kernel wrote the entry itself"},
    CallInfo{Call::update_pxe_long, "UpdatePxELong", "entry (linear), flags", Answer::queued,
             Answer::queued, Answer::native, "as UpdatePxE"},
    CallInfo{Call::machine_to_physical, "MachineToPhysical", "-", Answer::unassigned,
             Answer::unassigned, Answer::unassigned, ""},
    CallInfo{Call::physical_to_machine, "PhysicalToMachine", "-", Answer::unassigned,
             Answer::unassigned, Answer::unassigned, ""},
    CallInfo{Call::allocate_page, "AllocatePage",
             "frame, flags, frame to clone, first entry, count", Answer::queued, Answer::queued,
             Answer::native, "the page becomes a page table, and write-protected"},
    CallInfo{Call::release_page, "ReleasePage", "frame, flags", Answer::queued, Answer::queued,
             Answer::native, "the page is the guest's again"},
    CallInfo{Call::inval_page, "InvalPage", "linear address", Answer::native, Answer::queued,
             Answer::native,
             "INVLPG exits on classic alone; left out while no translation is stale"},
    CallInfo{
        Call::flush_tlb, "FlushTLB", "1 all, 2 global too", Answer::local, Answer::queued,
        Answer::native,
        "hardened: by CR4.PGE, without an exit; classic: left out while no translation is stale"},
    CallInfo{Call::set_linear_mapping, "SetLinearMapping",
             "slot, linear address, pages, first frame", Answer::local, Answer::local,
             Answer::native, "where the ROM finds page-table entries"},
    CallInfo{Call::set_iopl_mask, "SetIOPLMask", "flags", Answer::native, Answer::native,
             Answer::native, "POPF in ring 0 never exits"},
    CallInfo{Call::set_initial_ap_state, "SetInitialAPState",
             "pointer to an InitialState (linear), vCPU", Answer::synchronous, Answer::synchronous,
             Answer::synchronous, "what the vCPU starts with at its next SIPI"},
    CallInfo{Call::apic_write, "APICWrite", "-", Answer::unassigned, Answer::unassigned,
             Answer::unassigned, ""},
    CallInfo{Call::apic_read, "APICRead", "-", Answer::unassigned, Answer::unassigned,
             Answer::unassigned, ""},
    CallInfo{Call::io_delay, "IODelay", "-", Answer::nop, Answer::nop, Answer::nop,
             "no device here needs the delay"},
    CallInfo{Call::get_cycle_frequency, "GetCycleFrequency", "-", Answer::unassigned,
             Answer::unassigned, Answer::unassigned, ""},
    CallInfo{Call::get_cycle_counter, "GetCycleCounter", "-", Answer::unassigned,
             Answer::unassigned, Answer::unassigned, ""},
    CallInfo{Call::set_alarm, "SetAlarm", "-", Answer::unassigned, Answer::unassigned,
             Answer::unassigned, ""},
    CallInfo{Call::cancel_alarm, "CancelAlarm", "-", Answer::unassigned, Answer::unassigned,
             Answer::unassigned, ""},
    CallInfo{Call::get_wallclock_time, "GetWallclockTime", "-", Answer::unassigned,
             Answer::unassigned, Answer::unassigned, ""},
    CallInfo{Call::wallclock_updated, "WallclockUpdated", "-", Answer::unassigned,
             Answer::unassigned, Answer::unassigned, ""},
    CallInfo{Call::set_lazy_mode, "SetLazyMode", "0 none, 1 MMU, 2 CPU", Answer::local,
             Answer::local, Answer::nop,
             "leaving drains the ring in one exit; NOP on the eager interface"},
    CallInfo{Call::flush, "Flush", "-", Answer::unassigned, Answer::unassigned, Answer::unassigned,
             "VMCALL only: what leaving a lazy mode issues"},
    CallInfo{Call::empty, "Empty", "-", Answer::unassigned, Answer::unassigned, Answer::unassigned,
             "VMCALL only: what an empty exit costs"},
    CallInfo{Call::vmi_init, "VmiInit", "-", Answer::unassigned, Answer::unassigned,
             Answer::unassigned, "VMCALL only: issued by the ROM's vmi_init"},
    CallInfo{Call::write_tss_word, "WriteTSSWord",
             "TSS base (linear), byte offset (multiple of 8), value", Answer::queued,
             Answer::queued, Answer::native, "I/O map base and I/O bitmap; not RSP0"},
    CallInfo{Call::shootdown, "Shootdown", "mask of vCPUs, root of the address space",
             Answer::queued, Answer::queued, Answer::native,
             "one exit for all vCPUs; those that do not run the address space are left alone"},
};

/// The answer of `call` for a profile and an interface; `unassigned` for numbers not in the table.
constexpr Answer answer(std::uint32_t call, Profile profile, Interface interface) {
    if (interface == Interface::native || profile == Profile::bare)
        return Answer::unassigned;
    for (const CallInfo& info : call_table) {
        if (static_cast<std::uint32_t>(info.call) != call)
            continue;
        if (info.call == Call::set_lazy_mode && interface == Interface::eager)
            return Answer::nop;
        switch (profile) {
        case Profile::hardened:
            return info.hardened;
        case Profile::classic:
            return info.classic;
        case Profile::modern:
            return info.modern;
        case Profile::bare:
            break;
        }
    }
    return Answer::unassigned;
}

/// How get_reloc states an answer.
constexpr RelocationType relocation_type(Answer answer) {
    switch (answer) {
    case Answer::local:
    case Answer::queued:
    case Answer::synchronous:
        return RelocationType::call_rel;
    case Answer::no_return:
        return RelocationType::jump_rel;
    case Answer::nop:
        return RelocationType::nop;
    case Answer::unassigned:
    case Answer::native:
        break;
    }
    return RelocationType::none;
}

} // namespace abi
