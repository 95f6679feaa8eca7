#pragma once
// The numbers of the VMI 3.0 calls, and those of lazyhv's own behind them.

#include <cstdint>

namespace abi {

/// A VMI call. The same number is used for get_reloc, for a ring entry and, in RAX, for VMCALL.
/// Source: docs/abi.md, "Calls"; numbers below `first_own` are those of VMI 3.0.
enum class Call : std::uint16_t {
    cpuid = 0,
    wrmsr = 1,
    rdmsr = 2,
    set_gdt = 3,
    set_ldt = 4,
    set_idt = 5,
    set_tr = 6,
    get_gdt = 7,
    get_ldt = 8,
    get_idt = 9,
    get_tr = 10,
    write_gdt_entry = 11,
    write_ldt_entry = 12,
    write_idt_entry = 13,
    update_kernel_stack = 14,
    set_cr0 = 15,
    set_cr2 = 16,
    set_cr3 = 17,
    set_cr4 = 18,
    get_cr0 = 19,
    get_cr2 = 20,
    get_cr3 = 21,
    get_cr4 = 22,
    wbinvd = 23,
    set_dr = 24,
    get_dr = 25,
    rdpmc = 26,
    rdtsc = 27,
    clts = 28,
    enable_interrupts = 29,
    disable_interrupts = 30,
    get_interrupt_mask = 31,
    set_interrupt_mask = 32,
    iret = 33,
    sysexit = 34,
    halt = 35,
    reboot = 36,
    shutdown = 37,
    set_pxe = 38,
    set_pxe_long = 39,
    update_pxe = 40,
    update_pxe_long = 41,
    machine_to_physical = 42,
    physical_to_machine = 43,
    allocate_page = 44,
    release_page = 45,
    inval_page = 46,
    flush_tlb = 47,
    set_linear_mapping = 48,
    set_iopl_mask = 61,
    set_initial_ap_state = 62,
    apic_write = 63,
    apic_read = 64,
    io_delay = 65,
    get_cycle_frequency = 66,
    get_cycle_counter = 67,
    set_alarm = 68,
    cancel_alarm = 69,
    get_wallclock_time = 70,
    wallclock_updated = 71,
    set_lazy_mode = 73,

    first_own = 96,
    /// Drains the ring and does nothing else; issued by the ROM when a lazy mode is left.
    flush = 96,
    /// Does nothing (after the drain every VMCALL does): what an exit costs when it is empty.
    empty = 97,
    /// 64-bit vmi_init's part in the monitor.
    vmi_init = 98,
    /// Writes one 64-bit word of the task-state segment: I/O map base, I/O bitmap, IST, RSP1-2.
    write_tss_word = 99,
    /// Drops translations of an address space on every vCPU of a mask that runs it.
    shootdown = 100,
};

/// One more than the highest call number; the length of every table indexed by call.
inline constexpr std::uint32_t call_limit = 104;

} // namespace abi
