#include "hypervisor/registers/control_registers.h"

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/registers/operating_mode.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/pause.h"

namespace hv {

using abi::Error;

namespace {

/// Bit 63 of a value for CR3 with CR4.PCIDE: keep the translations of the new PCID.
constexpr std::uint64_t cr3_no_flush = std::uint64_t{1} << 63;
constexpr std::uint64_t cr3_pcid = 0xFFF;

} // namespace

void write_guest_cr0(Vcpu& vcpu) {
    // CD and NW stay clear in the processor: memory types come from EPT.
    const std::uint64_t real =
        (vcpu.cr0_shadow & ~(cr0::cache_disable | cr0::not_write_through)) | vcpu.cr0_forced;
    vcpu.vmcs.write(Field::guest_cr0, real);
    vcpu.vmcs.write(Field::cr0_read_shadow, vcpu.cr0_shadow);
}

void write_guest_cr4(Vcpu& vcpu, std::uint64_t value) {
    const VirtualMachine& machine = *vcpu.machine;
    vcpu.cr4_shadow = value;
    vcpu.vmcs.write(Field::guest_cr4,
                    value | machine.capabilities.cr4_fixed0 | machine.demands.cr4_forced);
    vcpu.vmcs.write(Field::cr4_read_shadow, value);
}

namespace {

void change_cr0(Vcpu& vcpu, std::uint64_t value) {
    vcpu.cr0_shadow = value;
    if (owns_cr0(vcpu)) [[likely]]
        vcpu.pending |= pending::cr0;
    else
        write_guest_cr0(vcpu);
}

void end_overrides(Vcpu& vcpu) {
    if (!vcpu.machine->shadows.has_overrides())
        return;
    lock_page_tables(vcpu);
    vcpu.machine->shadows.end_overrides();
}

} // namespace

void clear_task_switched(Vcpu& vcpu) { change_cr0(vcpu, guest_cr0(vcpu) & ~cr0::task_switched); }

namespace {

[[gnu::noinline]] Error judge_and_set_cr0(Vcpu& vcpu, std::uint64_t value) {
    constexpr std::uint64_t needed = cr0::protection_enable | cr0::paging;
    const bool caches_contradict =
        (value & (cr0::cache_disable | cr0::not_write_through)) == cr0::not_write_through;
    // A write of a reserved bit is ignored in the low half, and causes #GP in the high half (SDM
    // vol. 3, 2.5).
    if (value >> 32 != 0 || caches_contradict)
        return Error::bad_cr0;
    const std::uint64_t next = (value & cr0::defined) | cr0::extension_type;
    if (vcpu.machine->runs_in_protected_mode()) {
        if (const Error error = follow_cr0(vcpu, next); error != Error::none)
            return error;
    } else if ((value & needed) != needed) {
        return Error::bad_cr0;
    }
    end_overrides(vcpu);
    change_cr0(vcpu, next);
    return Error::none;
}

} // namespace

Error set_guest_cr0(Vcpu& vcpu, std::uint64_t value) {
    // A context switch changes only TS; the other bits have been judged before.
    if (((value ^ vcpu.cr0_shadow) & ~cr0::task_switched) == 0) [[likely]] {
        change_cr0(vcpu, value);
        return Error::none;
    }
    return judge_and_set_cr0(vcpu, value);
}

namespace {

// The first load of a registered root, or the first since this vCPU's descriptor tables changed.
// The page tables through which the root maps descriptor tables are now kept from mapping others.
bool keep_root(Vcpu& vcpu, std::uint64_t page) {
    VirtualMachine& machine = *vcpu.machine;
    lock_page_tables(vcpu);
    __atomic_store_n(&machine.roots_are_registered, true, __ATOMIC_RELAXED);
    machine.page_tables.keep_descriptor_tables(page / page_size);
    // Until they were kept, another vCPU could have changed them.
    return vcpu.tables.root_maps_tables(machine.memory, page);
}

// The load of a root that is not yet known to map the descriptor tables and to keep mapping them.
[[gnu::noinline]] bool admit_root(Vcpu& vcpu, std::uint64_t page, bool registered) {
    return vcpu.tables.root_maps_tables(vcpu.machine->memory, page) &&
           (!registered || keep_root(vcpu, page));
}

} // namespace

Error set_guest_cr3(Vcpu& vcpu, std::uint64_t value) {
    VirtualMachine& machine = *vcpu.machine;
    std::uint64_t root = value;
    if ((root & cr3_no_flush) != 0 && (guest_cr4(vcpu) & cr4::pcid_enable) != 0)
        root &= ~cr3_no_flush;
    const std::uint64_t page = root & ~cr3_pcid;
    // The address of a page of RAM has no reserved bit set.
    const Frame* const frame = machine.frames.of_address(page);
    if (frame == nullptr)
        return Error::bad_cr3;
    const bool registered = frame->level == FourLevelPaging::levels;
    const bool kept = !registered || (frame->flags & frame_flags::kept) != 0;
    if (!kept || !vcpu.tables.knows_entries_of(page)) [[unlikely]] {
        if (must_pause(vcpu)) // descriptor tables can have tens of pages
            return paused;
        if (!admit_root(vcpu, page, registered))
            return Error::root_lacks_kernel;
    }
    if (const Error error = load_root(vcpu, root); error != Error::none)
        return error;
    drop_before_entry(vcpu, Stale::non_global);
    return Error::none;
}

Error set_guest_cr4(Vcpu& vcpu, std::uint64_t value) {
    ShadowTables& shadows = vcpu.machine->shadows;
    const std::uint64_t old = guest_cr4(vcpu);
    const bool enables_pcid = (value & ~old & cr4::pcid_enable) != 0;
    if ((value & ~vcpu.machine->offered_cr4) != 0 ||
        (enables_pcid && (vcpu.vmcs.read(Field::guest_cr3) & cr3_pcid) != 0))
        return Error::bad_cr4;
    if (vcpu.machine->runs_in_protected_mode()) {
        if (const Error error = follow_cr4(vcpu, value); error != Error::none)
            return error;
    } else if ((value & cr4::physical_address_extension) == 0) {
        return Error::bad_cr4;
    }
    // Kernels toggle PGE to drop all translations.
    if (shadows.has_unsynced()) {
        lock_page_tables(vcpu);
        if (!shadows.sync(0))
            return paused;
    }
    end_overrides(vcpu);
    write_guest_cr4(vcpu, value);
    drop_before_entry(vcpu, Stale::all);
    return Error::none;
}

} // namespace hv
