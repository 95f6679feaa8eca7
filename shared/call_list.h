#pragma once
// The list of calls: each call of VMI 3.0, and each of lazyhv's own, in one row. From it follow the
// enum `abi::Call` (call_number.h), the table of answers (call_table.h), the declarations of the
// monitor's handlers and its dispatch (hypervisor/calls/call_handlers.h, call_dispatch.cpp), the
// declarations of the ROM's entries and get_reloc (vmi_rom/entries.h, get_reloc.cpp), and
// docs/calls.md. docs/extending.md, "A hypercall", shows how to add a row.
//
// A row begins with one of four words, which say where lazyhv has code for the call:
//
//   NO_CODE  nowhere: get_reloc's answer is the same on all profiles
//            (number, enumerator, name, answer, arguments, note)
//   ROM      in the ROM only: the call costs no VM exit
//            (number, enumerator, name, hardened, classic, modern, entry, type, arguments, note)
//   MONITOR  in the monitor only: a VMCALL that get_reloc does not offer, accepted on all profiles
//            (number, enumerator, name, handler, note)
//   BOTH     in the ROM and in the monitor
//            (number, enumerator, name, hardened, classic, modern, handler, entry, type, arguments,
//            note)
//
// number      as given to get_reloc, in a ring entry, and in RAX for VMCALL. Below 96 it is VMI's;
//             from 96 on it is lazyhv's own, and at most call_limit - 2 (call_limit.h). Ascending.
// name        as VMI spells it; printed with the statistics and in messages.
// hardened, classic, modern
//             what a 64-bit kernel is answered on that profile: an abi::Answer (call_table.h).
// handler     the monitor's function: `set_cr0` stands for hv::call_set_cr0.
// entry, type the ROM's function, rom::set_cr0, and its type; `Argument` is a 64-bit value.
// arguments   in words, in the order RDI, RSI, RDX, RCX, R8; "-" for none.
// note        why the answers are what they are, for docs/calls.md.
//
// Two calls may name the same handler and the same entry: SetPxE and SetPxELong do.

// clang-format off
#define LAZYHV_CALLS(NO_CODE, ROM, MONITOR, BOTH)                                                  \
    /* VMI 3.0 */                                                                                  \
    NO_CODE(  0, cpuid,                "CPUID",             native,                                \
        "as the instruction", "CPUID exits by itself; a hypercall would cost the same")            \
    NO_CODE(  1, wrmsr,                "WRMSR",             native,                                \
        "as the instruction", "the MSRs of a context switch are not intercepted")                  \
    NO_CODE(  2, rdmsr,                "RDMSR",             native,                                \
        "as the instruction", "the MSRs of a context switch are not intercepted")                  \
    BOTH(     3, set_gdt,              "SetGDT",            synchronous, synchronous, native,      \
        set_gdt, set_gdt, Result(const abi::PseudoDescriptor*),                                    \
        "pointer to the 10-byte pseudo-descriptor", "the table is validated and write-protected")  \
    BOTH(     4, set_ldt,              "SetLDT",            queued,      queued,      native,      \
        set_ldt, set_ldt, Result(Argument), "selector", "")                                        \
    BOTH(     5, set_idt,              "SetIDT",            synchronous, synchronous, native,      \
        set_idt, set_idt, Result(const abi::PseudoDescriptor*),                                    \
        "pointer to the 10-byte pseudo-descriptor", "the table is validated and write-protected")  \
    BOTH(     6, set_tr,               "SetTR",             synchronous, synchronous, native,      \
        set_tr, set_tr, Result(Argument),                                                          \
        "selector", "from then on TSS and IDT stay where they are")                                \
    ROM(      7, get_gdt,              "GetGDT",            local,       local,       native,      \
        get_gdt, void(abi::PseudoDescriptor*),                                                     \
        "pointer to a 10-byte pseudo-descriptor to fill", "from the per-vCPU area")                \
    ROM(      8, get_ldt,              "GetLDT",            local,       local,       native,      \
        get_ldt, std::uint64_t(), "-", "from the per-vCPU area")                                   \
    ROM(      9, get_idt,              "GetIDT",            local,       local,       native,      \
        get_idt, void(abi::PseudoDescriptor*),                                                     \
        "pointer to a 10-byte pseudo-descriptor to fill", "from the per-vCPU area")                \
    ROM(     10, get_tr,               "GetTR",             local,       local,       native,      \
        get_tr, std::uint64_t(), "-", "from the per-vCPU area")                                    \
    BOTH(    11, write_gdt_entry,      "WriteGDTEntry",     queued,      queued,      native,      \
        write_gdt_entry, write_gdt_entry, Result(Argument, Argument, Argument),                    \
        "table base (linear), index, descriptor", "")                                              \
    BOTH(    12, write_ldt_entry,      "WriteLDTEntry",     queued,      queued,      native,      \
        write_ldt_entry, write_ldt_entry, Result(Argument, Argument, Argument),                    \
        "table base (linear), index, descriptor", "")                                              \
    BOTH(    13, write_idt_entry,      "WriteIDTEntry",     queued,      queued,      native,      \
        write_idt_entry, write_idt_entry, Result(Argument, Argument, Argument),                    \
        "table base (linear), index of the 8-byte half, its value",                                \
        "a 64-bit gate is two halves; an absent gate may be half written")                         \
    BOTH(    14, update_kernel_stack,  "UpdateKernelStack", queued,      queued,      native,      \
        update_kernel_stack, update_kernel_stack, Result(Argument, Argument),                      \
        "TSS base (linear), RSP0", "")                                                             \
    BOTH(    15, set_cr0,              "SetCR0",            queued,      queued,      native,      \
        set_cr0, set_cr0, Result(Argument), "value", "CR0.TS")                                     \
    NO_CODE( 16, set_cr2,              "SetCR2",            native, "value", "never exits")        \
    BOTH(    17, set_cr3,              "SetCR3",            queued,      queued,      native,      \
        set_cr3, set_cr3, Result(Argument), "value", "")                                           \
    BOTH(    18, set_cr4,              "SetCR4",            synchronous, synchronous, native,      \
        set_cr4, set_cr4, Result(Argument), "value", "may change how the next instruction runs")   \
    ROM(     19, get_cr0,              "GetCR0",            local,       local,       native,      \
        get_cr0, std::uint64_t(), "-", "what was asked for last, queued or not")                   \
    NO_CODE( 20, get_cr2,              "GetCR2",            native, "-", "never exits")            \
    ROM(     21, get_cr3,              "GetCR3",            local,       local,       native,      \
        get_cr3, std::uint64_t(), "-", "what was asked for last, queued or not")                   \
    NO_CODE( 22, get_cr4,              "GetCR4",            native, "-", "never exits")            \
    NO_CODE( 23, wbinvd,               "WBINVD",            native, "-", "not intercepted")        \
    NO_CODE( 24, set_dr,               "SetDR",             native,                                \
        "register number, value", "debug registers are the guest's")                               \
    NO_CODE( 25, get_dr,               "GetDR",             native,                                \
        "register number", "debug registers are the guest's")                                      \
    NO_CODE( 26, rdpmc,                "RDPMC",             native,                                \
        "as the instruction", "not intercepted")                                                   \
    NO_CODE( 27, rdtsc,                "RDTSC",             native,                                \
        "as the instruction", "not intercepted")                                                   \
    BOTH(    28, clts,                 "CLTS",              queued,      queued,      native,      \
        clts, clts, Result(), "-", "")                                                             \
    NO_CODE( 29, enable_interrupts,    "EnableInterrupts",  native,                                \
        "-", "interrupts are the guest's")                                                         \
    NO_CODE( 30, disable_interrupts,   "DisableInterrupts", native,                                \
        "-", "interrupts are the guest's")                                                         \
    NO_CODE( 31, get_interrupt_mask,   "GetInterruptMask",  native,                                \
        "-", "interrupts are the guest's")                                                         \
    NO_CODE( 32, set_interrupt_mask,   "SetInterruptMask",  native,                                \
        "flags", "interrupts are the guest's")                                                     \
    NO_CODE( 33, iret,                 "IRET",              native,                                \
        "as the instruction", "never exits")                                                       \
    NO_CODE( 34, sysexit,              "SYSEXIT",           native,                                \
        "as the instruction", "never exits; 64-bit kernels use SYSRET")                            \
    ROM(     35, halt,                 "Halt",              local,       local,       native,      \
        halt, void(), "-", "drains what is queued, then STI and HLT")                              \
    BOTH(    36, reboot,               "Reboot",            no_return,   no_return,   no_return,   \
        reboot, reboot, void(Argument), "-", "")                                                   \
    BOTH(    37, shutdown,             "Shutdown",          no_return,   no_return,   no_return,   \
        shutdown, shutdown, void(Argument), "exit status", "the status is the run's")              \
    BOTH(    38, set_pxe,              "SetPxE",            queued,      queued,      native,      \
        set_pxe, set_pxe, Result(Argument, Argument, Argument), "value, entry (linear), flags",    \
        "writes the entry; judged, and carried over to the shadows, when it is drained")           \
    BOTH(    39, set_pxe_long,         "SetPxELong",        queued,      queued,      native,      \
        set_pxe, set_pxe, Result(Argument, Argument, Argument),                                    \
        "value, entry (linear), flags", "as SetPxE: values are 64 bits wide in both")              \
    BOTH(    40, update_pxe,           "UpdatePxE",         queued,      queued,      native,      \
        update_pxe, update_pxe, Result(Argument, Argument),                                        \
        "entry (linear), flags", "the kernel wrote the entry itself")                              \
    BOTH(    41, update_pxe_long,      "UpdatePxELong",     queued,      queued,      native,      \
        update_pxe, update_pxe, Result(Argument, Argument),                                        \
        "entry (linear), flags", "as UpdatePxE")                                                   \
    ROM(     42, machine_to_physical,  "MachineToPhysical", local,       local,       local,       \
        machine_to_physical, std::uint64_t(Argument), "page frame number",                         \
        "the same number: a guest sees its own page frames only")                                  \
    ROM(     43, physical_to_machine,  "PhysicalToMachine", local,       local,       local,       \
        physical_to_machine, std::uint64_t(Argument), "page frame number", "the same number")      \
    BOTH(    44, allocate_page,        "AllocatePage",      queued,      queued,      native,      \
        allocate_page, allocate_page, Result(Argument, Argument, Argument, Argument, Argument),    \
        "frame, flags, frame to clone, first entry, count",                                        \
        "the page becomes a page table, and write-protected")                                      \
    BOTH(    45, release_page,         "ReleasePage",       queued,      queued,      native,      \
        release_page, release_page, Result(Argument, Argument),                                    \
        "frame, flags", "the page is the guest's again")                                           \
    BOTH(    46, inval_page,           "InvalPage",         native,      queued,      native,      \
        inval_page, inval_page, Result(Argument),                                                  \
        "linear address", "INVLPG exits on classic alone; left out while no translation is stale") \
    BOTH(    47, flush_tlb,            "FlushTLB",          local,       queued,      native,      \
        flush_tlb, flush_tlb, Result(Argument), "1 all, 2 global too",                             \
        "hardened: by CR4.PGE, without an exit; classic: left out while no translation is stale")  \
    ROM(     48, set_linear_mapping,   "SetLinearMapping",  local,       local,       native,      \
        set_linear_mapping, Result(Argument, Argument, Argument, Argument),                        \
        "slot, linear address, pages, first frame", "where the ROM finds page-table entries")      \
    NO_CODE( 61, set_iopl_mask,        "SetIOPLMask",       native,                                \
        "flags", "POPF in ring 0 never exits")                                                     \
    BOTH(    62, set_initial_ap_state, "SetInitialAPState", synchronous, synchronous, synchronous, \
        set_initial_ap_state, set_initial_ap_state, Result(const abi::InitialState*, Argument),    \
        "pointer to an InitialState (linear), vCPU", "what the vCPU starts with at its next SIPI") \
    ROM(     63, apic_write,           "APICWrite",         local,       local,       local,       \
        apic_write, void(Argument, Argument), "address of the register (linear), value",           \
        "the store, which exits on several processors")                                            \
    ROM(     64, apic_read,            "APICRead",          local,       local,       local,       \
        apic_read, std::uint64_t(Argument), "address of the register (linear)",                    \
        "the load, which exits on several processors")                                             \
    NO_CODE( 65, io_delay,             "IODelay",           nop,                                   \
        "-", "no device here needs the delay")                                                     \
    NO_CODE( 66, get_cycle_frequency,  "GetCycleFrequency", unassigned, "-", "")                   \
    NO_CODE( 67, get_cycle_counter,    "GetCycleCounter",   unassigned, "-", "")                   \
    NO_CODE( 68, set_alarm,            "SetAlarm",          unassigned, "-", "")                   \
    NO_CODE( 69, cancel_alarm,         "CancelAlarm",       unassigned, "-", "")                   \
    NO_CODE( 70, get_wallclock_time,   "GetWallclockTime",  unassigned, "-", "")                   \
    NO_CODE( 71, wallclock_updated,    "WallclockUpdated",  unassigned, "-", "")                   \
    ROM(     73, set_lazy_mode,        "SetLazyMode",       local,       local,       nop,         \
        set_lazy_mode, Result(std::uint32_t),                                                      \
        "0 none, 1 MMU, 2 CPU", "leaving drains the ring in one exit; NOP on the eager interface") \
    /* lazyhv's own */                                                                             \
    MONITOR( 96, flush,                "Flush",             flush,                                 \
        "VMCALL only: what leaving a lazy mode issues")                                            \
    MONITOR( 97, empty,                "Empty",             empty,                                 \
        "VMCALL only: what an empty exit costs")                                                   \
    MONITOR( 98, vmi_init,             "VmiInit",           vmi_init,                              \
        "VMCALL only: issued by the ROM's vmi_init")                                               \
    BOTH(    99, write_tss_word,       "WriteTSSWord",      queued,      queued,      native,      \
        write_tss_word, write_tss_word, Result(Argument, Argument, Argument),                      \
        "TSS base (linear), byte offset (multiple of 8), value",                                   \
        "I/O map base and I/O bitmap; not RSP0")                                                   \
    BOTH(   100, shootdown,            "Shootdown",         queued,      queued,      native,      \
        shootdown, shootdown, Result(Argument, Argument),                                          \
        "mask of vCPUs, root of the address space",                                                \
        "one exit for all vCPUs; those that do not run the address space are left alone")
// clang-format on
