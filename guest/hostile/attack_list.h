#pragma once
// The attacks: their names, what each does, how it ends, and where it is made. docs/hostile.md has
// the same table; a unit test compares the two. Pure.

#include "shared/profile.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace guest::hostile {

/// What an attack needs, and whether the guest survives it.
enum class Kind : std::uint8_t {
    survived,       ///< the guest goes on: many attacks in one boot
    two_processors, ///< the same, with another processor taking part
    stops,          ///< ends the run with a diagnosis: one attack in a boot
    resets,         ///< ends the run as a reset does, with abi::reset_status
};

/// Bits: the profiles on which an attack is made.
namespace on {
inline constexpr std::uint8_t hardened = 1 << static_cast<std::uint8_t>(abi::Profile::hardened);
inline constexpr std::uint8_t classic = 1 << static_cast<std::uint8_t>(abi::Profile::classic);
inline constexpr std::uint8_t modern = 1 << static_cast<std::uint8_t>(abi::Profile::modern);
inline constexpr std::uint8_t owning =
    hardened | classic; ///< the monitor owns descriptor tables, page tables and CR3
inline constexpr std::uint8_t all = owning | modern;
} // namespace on

struct AttackInfo {
    std::string_view name;
    Kind kind;
    std::uint8_t profiles; ///< bits of `on`
    std::string_view does; ///< text for docs/hostile.md, like all that follow
    std::string_view told; ///< errors and exceptions, or the diagnosis
    std::string_view like; ///< advisories of other projects on bugs of this kind; may be empty

    [[nodiscard]] constexpr bool is_made_on(abi::Profile profile) const {
        return (profiles >> static_cast<std::uint8_t>(profile) & 1) != 0;
    }
};

inline constexpr std::array attack_list{
    // ring_attacks.cpp
    AttackInfo{"ring-indices", Kind::survived, on::all,
               "moves the tail 513 entries ahead, backwards, and by half of the number range",
               "ring_index", "XSA-155"},
    AttackInfo{"ring-forged-head", Kind::survived, on::all,
               "writes the head, and everything else that the monitor writes",
               "none: the monitor has its own", "XSA-155"},
    AttackInfo{"ring-every-call", Kind::survived, on::all,
               "queues each call number that may not stand in the ring, and numbers that are none",
               "unknown_call, not_queueable", ""},
    AttackInfo{"ring-mode-changes", Kind::survived, on::owning,
               "queues a call that changes mode, or a value that does, between two entries",
               "not_queueable, bad_cr0, bad_cr3; the entry before runs, the one after it does not",
               "XSA-213"},
    AttackInfo{"ring-garbage", Kind::survived, on::owning,
               "fills the unused words and arguments of entries with ones", "none: ignored",
               "XSA-296, XSA-454"},
    AttackInfo{"ring-endless-refusals", Kind::survived, on::all,
               "has two thousand entries refused, one after the other",
               "unknown_call each time; the console names it once", ""},
    AttackInfo{"ring-costly-batch", Kind::survived, on::owning,
               "fills the ring with registrations that clone half a table each, and releases",
               "none, within the bound", "XSA-97, XSA-344"},
    // batch_attacks.cpp
    AttackInfo{"batch-map-swap-map", Kind::survived, on::owning,
               "maps, exchanges the page table, and maps again in one batch",
               "none; the second entry lands in the new table and is seen at once", "XSA-286"},
    AttackInfo{"batch-stopped", Kind::survived, on::owning,
               "has a batch refused before each of its five steps: register, link, map, unlink, "
               "release",
               "bad_frame; then already_a_table and table_in_use, exactly where they are due",
               "XSA-145, XSA-299, XSA-310"},
    AttackInfo{"batch-bad-last-entry", Kind::survived, on::owning,
               "registers a table whose last entry is refused",
               "bad_frame; no link is left counted", "XSA-299"},
    // call_attacks.cpp
    AttackInfo{"vmcall-every-number", Kind::survived, on::all,
               "VMCALL with each number that is no call, and bits above the low 32 of RAX",
               "unknown_call", "XSA-296, XSA-454"},
    AttackInfo{"vmcall-garbage-registers", Kind::survived, on::all,
               "VMCALL with ones in all registers that it does not use", "none; the registers stay",
               "XSA-454"},
    AttackInfo{"vmcall-from-ring-3", Kind::survived, on::all,
               "VMCALL from ring 3 with each call number", "not_privileged", ""},
    AttackInfo{"control-register-calls", Kind::survived, on::owning,
               "SetCR0, SetCR3, SetCR4 with values that no processor takes, or that lead away",
               "bad_cr0, bad_cr3, bad_cr4, root_not_registered, root_lacks_kernel", ""},
    AttackInfo{"lazy-modes", Kind::survived, on::owning,
               "nests lazy modes, leaves none, and enters modes that are none",
               "nested_lazy_mode, unpaired_lazy_mode, unknown_lazy_mode", ""},
    // pointer_attacks.cpp
    AttackInfo{
        "pointers", Kind::survived, on::all,
        "SetGDT, SetIDT, SetInitialAPState with pointers that are not canonical, not mapped, "
        "wrap, end outside of memory, or lead to the monitor",
        "bad_address", "XSA-212"},
    AttackInfo{"pointer-wraps", Kind::survived, on::owning,
               "SetGDT with a pseudo-descriptor of which half lies at the top of the address space "
               "and half at 0, both mapped",
               "bad_address", "XSA-212"},
    // descriptor_table_attacks.cpp
    AttackInfo{"table-places", Kind::survived, on::owning,
               "SetGDT, SetIDT, SetTR, SetLDT with tables that wrap, are not RAM, lie on a page "
               "table or another table, or lack what the kernel stands on",
               "bad_address, protected_page, kernel_segment, tss_moved, bad_limit, idt_moved, "
               "bad_selector, not_present, bad_descriptor",
               "XSA-212"},
    AttackInfo{"table-entries", Kind::survived, on::owning,
               "writes entries at indices that overflow, to tables that are not loaded, and with "
               "values that open the kernel",
               "index_out_of_range, not_current_table, bad_alignment, bad_address, call_gate, "
               "task_gate, bad_gate, bad_descriptor, conforming_code, kernel_segment, tss_moved",
               "XSA-212"},
    AttackInfo{"closed-ldt", Kind::survived, on::owning,
               "unloads an LDT, makes its page a page table, and writes LDT entries at every base "
               "that a closed table might have",
               "not_current_table; the page stays as it is", ""},
    // page_table_call_attacks.cpp
    AttackInfo{"page-table-calls", Kind::survived, on::owning,
               "AllocatePage, ReleasePage, SetPxE, UpdatePxE with frames, counts, levels and "
               "entries that overflow or are not the guest's",
               "bad_frame, bad_level, bad_alignment, not_a_table, already_a_table, protected_page, "
               "clone_out_of_range, table_in_use, bad_entry, table_loop",
               "XSA-212"},
    AttackInfo{"linear-mappings", Kind::survived, on::owning,
               "SetLinearMapping with ranges that overflow, pointers that none covers, and a "
               "mapping that leads to the monitor",
               "bad_slot, no_linear_mapping, bad_frame", "XSA-212"},
    // pointer_attacks.cpp
    AttackInfo{"invalidations", Kind::survived, on::all,
               "INVLPG and InvalPage of addresses that are not canonical; Shootdown of vCPUs that "
               "are not there",
               "none, bad_vcpu", "XSA-168, XSA-279"},
    AttackInfo{"table-register-operands", Kind::survived, on::all,
               "LGDT, LIDT, SGDT, SIDT with operands that are not canonical, not mapped, not "
               "writable",
               "#GP, #PF", "XSA-212"},
    // privileged_register_attacks.cpp
    AttackInfo{
        "control-registers", Kind::survived, on::all,
        "MOV to CR0 and CR4 with each bit changed, LMSW, MOV to CR3 with roots that are none",
        "#GP, or accepted as docs/profiles.md says", ""},
    AttackInfo{"extended-states", Kind::survived, on::all,
               "XSETBV with register numbers and values that no processor takes", "#GP", ""},
    // mode_attacks.cpp
    AttackInfo{"leave-64-bit-mode", Kind::survived, on::all,
               "ends paging in a 32-bit segment, stores, loads GDTR and CR3, and comes back",
               "none; everything is as it left it", ""},
    // msr_attacks.cpp
    AttackInfo{"msr-reads", Kind::survived, on::all,
               "RDMSR of 9,000 numbers: all low ones, VMX, feature control, x2APIC, AMD's, "
               "hypervisors'",
               "#GP for VMX, feature control and what the monitor does not know", ""},
    AttackInfo{
        "msr-writes", Kind::survived, on::all,
        "WRMSR of ones to every MSR that exits; EFER, APIC base, debug control with each bit",
        "#GP, but for IA32_MISC_ENABLE and the like, which are remembered", ""},
    // port_attacks.cpp
    AttackInfo{
        "ports", Kind::survived, on::all,
        "IN from every port but the UART's, in three sizes; OUT where no device is; accesses "
        "that touch a trapped port or wrap; INS and OUTS on trapped ports",
        "none; INS to an address that is not canonical: #GP", ""},
    AttackInfo{
        "chipset", Kind::survived, on::all,
        "opens SMRAM in the host bridge's configuration space, and calls the firmware in SMM",
        "bad_value; the registers stay as they are", ""},
    // instruction_attacks.cpp
    AttackInfo{"vmx-instructions", Kind::survived, on::all, "VMXON to INVVPID, VMFUNC, GETSEC",
               "#UD", ""},
    AttackInfo{"odd-instructions", Kind::survived, on::all,
               "INVD, RDPMC, MONITOR, CPUID with arguments that make no sense", "none, #GP", ""},
    // debug_trap_attacks.cpp
    AttackInfo{"single-steps", Kind::survived, on::all,
               "steps over VMCALL, CPUID, MOV to CR3, RDMSR and a refused one, after STI, by TF",
               "#DB after each, #GP", "XSA-308"},
    AttackInfo{"mov-ss-breakpoint", Kind::survived, on::all,
               "MOV to SS that hits a data breakpoint, then VMCALL, CPUID, MOV to CR3 or a refused "
               "MSR, with TF and without",
               "#DB, #GP", "XSA-308"},
    AttackInfo{"branch-steps", Kind::survived, on::all, "the same steps with BTF in IA32_DEBUGCTL",
               "#DB", "XSA-308"},
    AttackInfo{"debug-registers", Kind::survived, on::all,
               "reserved bits of DR6 and DR7, general detect, INT1", "#GP, #DB", ""},
    AttackInfo{"end-of-compatibility-mode", Kind::survived, on::all,
               "CPUID as the last instruction below 4 GiB in a 32-bit segment of ring 3",
               "#PF at 0: RIP wraps as the processor's does", "XSA-308"},
    // instruction_attacks.cpp
    AttackInfo{"task-switches", Kind::survived, on::all,
               "far jumps and calls to the TSS, IRET with NT, a task gate in the IDT",
               "#GP, bad_gate", ""},
    // rom_attacks.cpp
    AttackInfo{"rom-writes", Kind::survived, on::all,
               "maps ROM and statistics page writable, and stores to each page", "#GP", ""},
    AttackInfo{"rom-every-byte", Kind::survived, on::all,
               "jumps to every byte of the ROM, from ring 3, with each register garbage, step by "
               "step",
               "#GP, #UD, #PF, #DB, not_privileged", ""},
    AttackInfo{"ring-executed", Kind::survived, on::all,
               "maps the ring executable, and jumps into it", "#GP", ""},
    // page_table_attacks.cpp
    AttackInfo{"tables-that-loop", Kind::survived, on::all,
               "a table that leads to itself: registered, and as one that was never announced",
               "table_loop, root_not_registered; else none: it may read and write itself", ""},
    AttackInfo{"tables-in-the-ring", Kind::survived, on::all,
               "page tables in ring, ROM, statistics page and monitor, as roots and as tables",
               "bad_frame, bad_cr3; on modern a walk through the ring is the guest's own", ""},
    // leaf_attacks.cpp
    AttackInfo{"forbidden-pages", Kind::survived, on::all,
               "leaves that lead to the monitor, the ROM, the local APIC, a table itself; by call, "
               "by store, by an accessed entry",
               "bad_frame, writable_code, table_rights, kept_mapping, #GP", ""},
    // page_table_attacks.cpp
    AttackInfo{"unmapped-stack", Kind::survived, on::all,
               "an exception on a stack that is not canonical or not mapped", "#DF", ""},
    // nmi_attacks.cpp
    AttackInfo{"nmi-storm", Kind::survived, on::all,
               "sends itself NMIs, also between queueing and flushing",
               "each NMI, every flush right", ""},
    AttackInfo{"nmi-clean-stack", Kind::survived, on::owning,
               "takes NMIs on a stack whose page-table entry is not accessed, or not dirty",
               "each NMI", ""},
    AttackInfo{"nmi-storm-from-another", Kind::two_processors, on::all,
               "another processor sends NMIs while this one queues and flushes",
               "NMIs, every flush right", ""},
    AttackInfo{"nmi-clean-stack-of-two", Kind::two_processors, on::owning,
               "the same as nmi-clean-stack where NMIs exit", "each NMI", ""},
    // processor_attacks.cpp
    AttackInfo{"changed-while-judged", Kind::two_processors, on::owning,
               "another processor rewrites a GDT, its pseudo-descriptor and a page table while "
               "SetGDT and AllocatePage judge them",
               "none or a named error; what was accepted follows the rules", "XSA-155, XSA-166"},
    // stopping_attacks.cpp
    AttackInfo{"stop-triple-fault", Kind::stops, on::modern, "an exception without an IDT",
               "the guest triple-faulted", ""},
    AttackInfo{"stop-stack-in-rom", Kind::stops, on::owning, "an exception on a stack in the ROM",
               "the guest delivers an event into protected memory", ""},
    AttackInfo{"stop-root-in-monitor", Kind::stops, on::modern,
               "loads CR3 with an address of the monitor's",
               "the guest delivers an event into protected memory", ""},
    AttackInfo{
        "stop-stack-in-monitor", Kind::stops, on::classic,
        "an exception on a stack in the monitor's memory, by tables that were never announced",
        "the guest delivers an event into protected memory", ""},
    // mode_attacks.cpp
    AttackInfo{"stop-store-outside-64-bit-mode", Kind::stops, on::owning,
               "stores to its GDT while paging is off",
               "does not come back: a write to a page that is write-protected", ""},
    AttackInfo{"stop-gate-from-outside", Kind::stops, on::owning,
               "comes back to 64-bit mode with a call gate in another GDT",
               "does not come back: call_gate", ""},
    AttackInfo{"stop-root-from-outside", Kind::stops, on::hardened,
               "comes back to 64-bit mode on a root that was never announced",
               "does not come back: root_not_registered", ""},
    // stopping_attacks.cpp
    AttackInfo{"stop-init-to-itself", Kind::resets, on::all, "INIT to itself",
               "none: a reset, status 3", ""},
};

} // namespace guest::hostile
