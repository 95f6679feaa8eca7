#pragma once
// Why a call was refused: numbers that a guest can read, and their names (docs/abi.md, "Errors").

#include <array>
#include <cstdint>
#include <string_view>

namespace abi {

/// Returned in RAX by VMCALL and by the entries of the ROM, and written to the ring header when a
/// queued entry is refused.
enum class Error : std::uint16_t {
    none = 0,
    unknown_call,       ///< no such call, or one to which get_reloc answers NONE
    not_queueable,      ///< the call may not stand in a ring entry
    not_privileged,     ///< VMCALL with CPL above 0
    ring_index,         ///< tail is more than the ring's capacity ahead of head
    nested_lazy_mode,   ///< a lazy mode was entered while one was already set
    unpaired_lazy_mode, ///< a lazy mode was left while none was set
    unknown_lazy_mode,  ///< SetLazyMode with a number that is not a mode
    bad_address,        ///< not canonical, not mapped, wraps around, or not the guest's memory
    bad_alignment,      ///< the address or offset must be a multiple of the word written
    not_current_table,  ///< the table base is not the one loaded
    index_out_of_range, ///< beyond the table's limit
    bad_limit,          ///< a table limit that is too large, or ends inside a descriptor
    call_gate,          ///< call gates are refused: they would enter ring 0
    task_gate,          ///< task gates do not exist in 64-bit mode
    bad_gate,           ///< not a 64-bit interrupt or trap gate into the kernel (IDT entry)
    bad_descriptor,     ///< reserved type, L and D both set, or the wrong system descriptor
    conforming_code,    ///< conforming ring-0 code could be entered from ring 3
    kernel_segment,     ///< the descriptor of a segment that the kernel runs on was changed
    tss_moved,          ///< the TSS, or the descriptor of the loaded one, was changed
    idt_moved,          ///< the IDT was moved after the TSS was loaded
    not_present,        ///< a selector whose descriptor is not present
    bad_selector,       ///< a selector that is null, beyond its table, or of the wrong kind
    bad_cr0,            ///< a CR0 value the CPU would refuse, or that leaves 64-bit mode
    bad_cr3,            ///< reserved bits, or a root outside the guest's memory
    root_lacks_kernel,  ///< the new root maps the descriptor tables elsewhere
    bad_cr4,            ///< a CR4 value the CPU would refuse, or that leaves 64-bit mode
    bad_register,       ///< a register number that does not exist
    bad_value,          ///< a value the CPU would refuse
    bad_frame,   ///< a page frame that isn't the guest's RAM: the monitor's, the ROM's, a device's
    bad_level,   ///< AllocatePage without a level, or with more than one
    not_a_table, ///< no registered page table of the level that is needed
    already_a_table,     ///< AllocatePage of a page that is registered already
    protected_page,      ///< the page holds a descriptor table, or another page table
    clone_out_of_range,  ///< AllocatePage clones entries that a table does not have
    table_in_use,        ///< ReleasePage of the current root, or of a table that another points to
    table_loop,          ///< an entry that points to a table of its own level or above
    bad_entry,           ///< an entry with reserved bits set, or for memory that does not exist
    table_rights,        ///< hardened: an entry that points to a table and restricts access
    writable_code,       ///< hardened: a kernel page that is both writable and executable
    kept_mapping,        ///< hardened: an update that would map the descriptor tables elsewhere
    bad_slot,            ///< SetLinearMapping with a slot or a range that does not exist
    no_linear_mapping,   ///< a pointer to a page-table entry that no SetLinearMapping covers
    root_not_registered, ///< hardened: a root that is not a registered table, although a registered
                         ///< one has been loaded before
    bad_vcpu,            ///< there is no vCPU with that number
    vcpu_running,        ///< SetInitialAPState of a vCPU that has been started already
    bad_start,           ///< start-up code outside RAM, or that needs what only real mode can do
};
inline constexpr std::uint32_t error_count = 47;

inline constexpr std::array<std::string_view, error_count> error_names{"none",
                                                                       "unknown_call",
                                                                       "not_queueable",
                                                                       "not_privileged",
                                                                       "ring_index",
                                                                       "nested_lazy_mode",
                                                                       "unpaired_lazy_mode",
                                                                       "unknown_lazy_mode",
                                                                       "bad_address",
                                                                       "bad_alignment",
                                                                       "not_current_table",
                                                                       "index_out_of_range",
                                                                       "bad_limit",
                                                                       "call_gate",
                                                                       "task_gate",
                                                                       "bad_gate",
                                                                       "bad_descriptor",
                                                                       "conforming_code",
                                                                       "kernel_segment",
                                                                       "tss_moved",
                                                                       "idt_moved",
                                                                       "not_present",
                                                                       "bad_selector",
                                                                       "bad_cr0",
                                                                       "bad_cr3",
                                                                       "root_lacks_kernel",
                                                                       "bad_cr4",
                                                                       "bad_register",
                                                                       "bad_value",
                                                                       "bad_frame",
                                                                       "bad_level",
                                                                       "not_a_table",
                                                                       "already_a_table",
                                                                       "protected_page",
                                                                       "clone_out_of_range",
                                                                       "table_in_use",
                                                                       "table_loop",
                                                                       "bad_entry",
                                                                       "table_rights",
                                                                       "writable_code",
                                                                       "kept_mapping",
                                                                       "bad_slot",
                                                                       "no_linear_mapping",
                                                                       "root_not_registered",
                                                                       "bad_vcpu",
                                                                       "vcpu_running",
                                                                       "bad_start"};
static_assert(static_cast<std::uint32_t>(Error::bad_start) + 1 == error_count);
static_assert(!error_names.back().empty());

/// The name of an error, or "?" for a number that is not an error.
constexpr std::string_view name(Error error) {
    const auto index = static_cast<std::uint32_t>(error);
    return index < error_count ? error_names[index] : std::string_view{"?"};
}

} // namespace abi
