// SetPxE, UpdatePxE, AllocatePage, ReleasePage and Shootdown, for 64-bit kernels. `entry` is the
// linear address of a page-table entry, which a SetLinearMapping must cover; flags are those of
// shared/page_table_calls.h. Values are 64 bits wide, so SetPxELong and UpdatePxELong have the same
// entries as SetPxE and UpdatePxE.

#include "shared/page_table_calls.h"
#include "vmi_rom/entries.h"
#include "vmi_rom/linear_mapping.h"

namespace rom {

namespace {

/// To be called before the update is published: otherwise InvalPage in an interrupt handler would
/// find nothing to do.
[[gnu::always_inline]] inline void note_deferred(abi::ControlPage& control, std::uint64_t flags) {
    if ((flags & abi::update_flags::defer) != 0) [[unlikely]] {
        store(control.stale_translations, std::uint32_t{1});
    }
}

} // namespace

Result set_pxe(std::uint64_t value, std::uint64_t entry, std::uint64_t flags) {
    abi::VcpuArea& vcpu_area = *in_register(&area());
    disable_interrupts();
    const std::uint64_t address = physical(vcpu_area.control, entry);
    Result error = result(abi::Error::no_linear_mapping);
    if (address != not_mapped) [[likely]] {
        error = queue_locked(vcpu_area, abi::Call::set_pxe, value, address, flags,
                             [flags](abi::ControlPage& control) { note_deferred(control, flags); });
    }
    restore_interrupts();
    return error;
}

Result update_pxe(std::uint64_t entry, std::uint64_t flags) {
    abi::VcpuArea& vcpu_area = *in_register(&area());
    disable_interrupts();
    const std::uint64_t address = physical(vcpu_area.control, entry);
    Result error = result(abi::Error::no_linear_mapping);
    if (address != not_mapped) [[likely]] {
        error = queue_locked(vcpu_area, abi::Call::update_pxe, address, flags, 0,
                             [flags](abi::ControlPage& control) { note_deferred(control, flags); });
    }
    restore_interrupts();
    return error;
}

// From here to Shootdown: queued while a lazy mode is set.

Result allocate_page(std::uint64_t frame, std::uint64_t flags, std::uint64_t clone_frame,
                     std::uint64_t first, std::uint64_t count) {
    return queue(abi::Call::allocate_page, frame, clone_frame,
                 abi::AllocateOptions::make(flags, first, count).encode());
}

Result release_page(std::uint64_t frame, std::uint64_t flags) {
    return queue(abi::Call::release_page, frame, flags);
}

// `root` is the guest-physical root of an address space, or abi::every_address_space.
Result shootdown(std::uint64_t vcpus, std::uint64_t root) {
    return queue(abi::Call::shootdown, vcpus, root);
}

} // namespace rom
