#pragma once
// The ROM's entry points for 64-bit kernels: one for each call that get_reloc answers with CALL_REL
// or JUMP_REL. System V convention: arguments in RDI, RSI, RDX, RCX, R8, result in RAX. What each
// does when is in shared/call_table.h; the errors are those of docs/abi.md.

#include "shared/call_number.h"
#include "shared/processors.h"
#include "shared/vcpu_area.h"
#include "vmi_rom/producer.h"

#include <cstdint>

// Addressed relative to RIP, without a table of addresses.
#pragma GCC visibility push(hidden)

namespace rom {

// Synchronous: the monitor drains the ring, then executes, in one VM exit.
Result set_gdt(const abi::PseudoDescriptor* table);
Result set_idt(const abi::PseudoDescriptor* table);
Result set_tr(std::uint64_t selector);
Result set_cr4(std::uint64_t value);
Result set_initial_ap_state(const abi::InitialState* state, std::uint64_t vcpu);

// Queued while a lazy mode is set. Table and TSS bases are linear addresses.
Result set_ldt(std::uint64_t selector);
Result write_gdt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t descriptor);
Result write_ldt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t descriptor);
Result write_idt_entry(std::uint64_t base, std::uint64_t index, std::uint64_t half);
Result update_kernel_stack(std::uint64_t tss, std::uint64_t rsp0);
Result write_tss_word(std::uint64_t tss, std::uint64_t offset, std::uint64_t value);
Result set_cr0(std::uint64_t value);
Result clts();

/// Queued too, but for roots that the monitor has named and while nothing is queued: then it is one
/// MOV to CR3 without a VM exit, in a lazy mode and outside.
Result set_cr3(std::uint64_t value);

// Page tables (page_tables.cpp). `entry` is the linear address of a page-table entry, which a
// SetLinearMapping must cover; flags are those of shared/page_table_calls.h. Queued while a lazy
// mode is set; values are 64 bits wide, so the Long forms are the same entries.
Result set_pxe(std::uint64_t value, std::uint64_t entry, std::uint64_t flags);
Result update_pxe(std::uint64_t entry, std::uint64_t flags);
Result allocate_page(std::uint64_t frame, std::uint64_t flags, std::uint64_t clone_frame,
                     std::uint64_t first, std::uint64_t count);
Result release_page(std::uint64_t frame, std::uint64_t flags);
/// Nothing to do, and nothing queued, while no translation is stale.
Result inval_page(std::uint64_t linear);
/// Queued. `root` is the guest-physical root of an address space, or abi::every_address_space.
Result shootdown(std::uint64_t vcpus, std::uint64_t root);
/// As inval_page; where the answer is `local` the ROM drops all translations itself.
Result flush_tlb(std::uint64_t flags);
/// Local. The linear pages [linear, linear + pages) lead to the frames from `frame` on; 0 pages
/// free the slot.
Result set_linear_mapping(std::uint64_t slot, std::uint64_t linear, std::uint64_t pages,
                          std::uint64_t frame);

// Local: from the per-vCPU area, no VM exit. What was asked for last, queued or not.
void get_gdt(abi::PseudoDescriptor* table);
void get_idt(abi::PseudoDescriptor* table);
std::uint64_t get_ldt();
std::uint64_t get_tr();
std::uint64_t get_cr0();
std::uint64_t get_cr3();

[[noreturn]] void reboot(std::uint64_t how);
[[noreturn]] void shutdown(std::uint64_t status);

/// Announces the kernel to the monitor; called once, before any other entry.
Result vmi_init();

/// How to patch a site of `call`: an abi::Relocation, encoded. Re-entrant; NONE for any number that
/// is no call, or one that this profile and interface leave native.
std::uint64_t get_reloc(std::uint32_t call);

/// The entry of a call, or null when it has none.
const void* entry_of(abi::Call call);

} // namespace rom

#pragma GCC visibility pop
