#include "hypervisor/address_space/guest_root.h"

#include "hypervisor/address_space/guest_paging.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/requests.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/translation/paused.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/vcpu/primary_controls.h"
#include "hypervisor/vmx/controls.h"

#include <algorithm>

namespace hv {

using abi::Error;

namespace {

// These functions are called with the vCPU's roots locked.

// If the shadow table lies at the address of the guest's root, MOV from CR3 reads the right value
// without an exit.
void set_cr3_reads_exit(Vcpu& vcpu) {
    const bool in_place = vcpu.roots.current.loaded == vcpu.roots.current.guest;
    set_primary_control(vcpu, primary_processor_based::cr3_store_exiting, !in_place);
}

void make_current(Vcpu& vcpu, const ShadowedRoot& root) {
    ShadowTables& shadows = vcpu.machine->shadows;
    shadows.pin(root.table);
    if (vcpu.roots.current.table != 0)
        shadows.unpin(vcpu.roots.current.table);
    vcpu.roots.current = root;
}

// A kick may cause an exit, and lead here, after the ROM has found the pair and before it has read
// `loaded`. `loaded` keeps its value, and the ROM's MOV to CR3 exits. The ROM never sees parts of
// two different roots, since another root is offered only in an exit that the ROM itself asked for.
void withdraw(Vcpu& vcpu, std::uint32_t index) {
    ShadowedRoot& root = vcpu.roots.published[index];
    if (root.table == 0)
        return;
    vcpu.machine->shadows.unpin(root.table);
    root = {};
    *const_cast<volatile std::uint64_t*>(&vcpu.area->control.root_pair[index].guest_root) =
        abi::no_root;
    vcpu.pending |= pending::root_targets;
}

void offer(Vcpu& vcpu, std::uint32_t index, const ShadowedRoot& root) {
    vcpu.machine->shadows.pin(root.table);
    vcpu.roots.published[index] = root;
    volatile abi::RootPair& pair = vcpu.area->control.root_pair[index];
    pair.loaded = root.loaded;
    pair.guest_root = root.guest;
    vcpu.pending |= pending::root_targets;
}

// The root is published in its own slot; the other slots belong to other roots.
void publish_displaced(Vcpu& vcpu, const ShadowedRoot& root) {
    const ShadowTables& shadows = vcpu.machine->shadows;
    GuestRoots& roots = vcpu.roots;
    if (!in_ia32e_mode(vcpu)) // the processor would take it for pointers
        return;
    const auto slot = std::find(roots.displaced.begin(), roots.displaced.end(), root.table);
    if (slot == roots.displaced.end())
        return;
    const auto index = static_cast<std::uint32_t>(slot - roots.displaced.begin());
    if (roots.published[index].guest == root.guest || shadows.is_out_of_step(root.table))
        return;
    withdraw(vcpu, index);
    offer(vcpu, index, root);
}

void publish(Vcpu& vcpu, const ShadowedRoot& root) {
    GuestRoots& roots = vcpu.roots;
    if (roots.limit == 0 || vcpu.machine->shadows.has_unsynced())
        return;
    for (const ShadowedRoot& published : roots.published)
        if (published.guest == root.guest)
            return;
    const std::uint32_t index = roots.next;
    roots.next = (index + 1) % roots.limit;
    withdraw(vcpu, index);
    offer(vcpu, index, root);
}

// Follows a CR3 load that cost no exit.
const ShadowedRoot& follow(Vcpu& vcpu) {
    GuestRoots& roots = vcpu.roots;
    const std::uint64_t loaded = vcpu.vmcs.read(Field::guest_cr3);
    if (loaded == roots.current.loaded)
        return roots.current;
    for (const ShadowedRoot& published : roots.published) {
        if (published.loaded == loaded) {
            make_current(vcpu, published);
            break;
        }
    }
    return roots.current;
}

// Once a registered root has been loaded, hardened loads only registered roots.
bool may_be_loaded(const VirtualMachine& machine, std::uint64_t root) {
    return machine.profile != abi::Profile::hardened ||
           !__atomic_load_n(&machine.roots_are_registered, __ATOMIC_RELAXED) ||
           machine.frames.at(root / page_size).level == FourLevelPaging::levels;
}

// Another vCPU may be releasing the page. Since the roots are locked, it either sees that the root
// is in use, or has already marked the page as not being a root.
Error load_guests_own(Vcpu& vcpu, std::uint64_t root) {
    const SpinGuard guard{vcpu.roots.known.lock};
    if (!may_be_loaded(*vcpu.machine, root)) [[unlikely]]
        return Error::root_not_registered;
    vcpu.roots.current.guest = root;
    vcpu.vmcs.write(Field::guest_cr3, root);
    return Error::none;
}

// Loads a root that this vCPU has loaded before and whose shadow still exists.
bool load_known(Vcpu& vcpu, std::uint64_t root) {
    GuestRoots& roots = vcpu.roots;
    const SpinGuard guard{roots.known.lock};
    if (follow(vcpu).guest != root) {
        const ShadowNumber table = roots.known.find(root);
        if (table == 0)
            return false;
        make_current(vcpu, {root, vcpu.machine->shadows.address(table), table});
        vcpu.vmcs.write(Field::guest_cr3, roots.current.loaded);
    }
    publish(vcpu, roots.current);
    return true;
}

// Outside IA-32e mode VM entry would take a root of 4-level paging for four pointers. Then no root
// is known, and each load comes here, or is one of an unaware kernel.
[[gnu::noinline]] Error load_new(Vcpu& vcpu, std::uint64_t root) {
    if (!in_ia32e_mode(vcpu))
        return Error::bad_cr3;
    lock_page_tables(vcpu);
    const ShadowNumber table = vcpu.machine->shadows.root(root / page_size);
    if (table == 0)
        return paused;
    {
        const SpinGuard guard{vcpu.roots.known.lock};
        vcpu.roots.known.put(root, table);
    }
    (void)load_known(vcpu, root); // only the holder of the lock releases shadows
    return Error::none;
}

[[gnu::noinline]] Error sync_current(Vcpu& vcpu) {
    lock_page_tables(vcpu);
    return vcpu.machine->shadows.sync(vcpu.roots.current.table) ? Error::none : paused;
}

// Called with the page tables and the roots locked. False: to be repeated.
bool restore_slot(Vcpu& vcpu, std::uint32_t index) {
    GuestRoots& roots = vcpu.roots;
    ShadowTables& shadows = vcpu.machine->shadows;
    const ShadowNumber table = roots.displaced[index];
    if (table == 0)
        return true;
    follow(vcpu);
    withdraw(vcpu, index);
    if (!shadows.restore(table))
        return false;
    roots.displaced[index] = 0;
    shadows.unpin(table);
    if (roots.current.table != table)
        return true;
    roots.current.loaded = shadows.address(table);
    vcpu.vmcs.write(Field::guest_cr3, roots.current.loaded);
    set_cr3_reads_exit(vcpu);
    return true;
}

// Called when the current root has been loaded often enough.
[[gnu::noinline]] void displace_current(Vcpu& vcpu) {
    lock_page_tables(vcpu);
    GuestRoots& roots = vcpu.roots;
    ShadowTables& shadows = vcpu.machine->shadows;
    const SpinGuard guard{roots.known.lock};
    const std::uint32_t index = roots.next;
    if (!restore_slot(vcpu, index))
        return;
    roots.next = (index + 1) % roots.limit;
    const ShadowNumber table = follow(vcpu).table;
    if (!shadows.displace(table))
        return;
    shadows.pin(table);
    roots.displaced[index] = table;
    roots.current.loaded = roots.current.guest;
    vcpu.vmcs.write(Field::guest_cr3, roots.current.loaded);
    set_cr3_reads_exit(vcpu);
    publish_displaced(vcpu, roots.current);
}

// Loads a root of an unaware kernel, on its only vCPU.
[[gnu::noinline]] Error load_displaceable(Vcpu& vcpu, std::uint64_t root) {
    if (!in_ia32e_mode(vcpu))
        return Error::bad_cr3;
    GuestRoots& roots = vcpu.roots;
    ShadowTables& shadows = vcpu.machine->shadows;
    if (roots.known.find(root) == 0) {
        lock_page_tables(vcpu);
        const ShadowNumber made = shadows.root(root / page_size);
        if (made == 0)
            return paused;
        roots.known.put(root, made);
    }
    const ShadowNumber table = roots.known.find(root);
    const bool in_place = shadows.is_displaced(table);
    {
        const SpinGuard guard{roots.known.lock};
        if (follow(vcpu).guest != root) {
            make_current(vcpu, {root, in_place ? root : shadows.address(table), table});
            vcpu.vmcs.write(Field::guest_cr3, roots.current.loaded);
            set_cr3_reads_exit(vcpu);
        }
        publish_displaced(vcpu, roots.current);
    }
    if (shadows.has_unsynced()) {
        lock_page_tables(vcpu);
        if (!shadows.sync(table))
            return paused;
    }
    if (!in_place && shadows.count_load(table))
        displace_current(vcpu);
    return Error::none;
}

template <typename Matches>
bool has_published(Vcpu& vcpu, Matches matches) {
    const SpinGuard guard{vcpu.roots.known.lock};
    for (const ShadowedRoot& published : vcpu.roots.published)
        if (published.table != 0 && matches(published))
            return true;
    return false;
}

template <typename Matches>
void withdraw_where(Vcpu& vcpu, Matches matches) {
    if (vcpu.roots.limit == 0) // of every vCPU
        return;
    std::uint64_t others = 0;
    const VirtualMachine& machine = *vcpu.machine;
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number)
        if (number != vcpu.number && has_published(*machine.vcpus[number], matches))
            others |= std::uint64_t{1} << number;
    ask_vcpus(vcpu, others, request::withdraw_roots);
    if (has_published(vcpu, matches))
        withdraw_roots(vcpu);
}

} // namespace

std::uint64_t guest_cr3(Vcpu& vcpu) {
    if (!vcpu.machine->shadows.in_use())
        return vcpu.vmcs.read(Field::guest_cr3);
    const SpinGuard guard{vcpu.roots.known.lock};
    return follow(vcpu).guest;
}

ShadowNumber current_shadow_root(Vcpu& vcpu) {
    const SpinGuard guard{vcpu.roots.known.lock};
    return follow(vcpu).table;
}

namespace {

[[gnu::always_inline]] inline Error load_shadowed(Vcpu& vcpu, std::uint64_t root) {
    const ShadowTables& shadows = vcpu.machine->shadows;
    if (shadows.can_displace()) [[unlikely]]
        return load_displaceable(vcpu, root);
    if (!load_known(vcpu, root)) {
        if (const Error error = load_new(vcpu, root); error != Error::none)
            return error;
    }
    return shadows.has_unsynced() ? sync_current(vcpu) : Error::none;
}

} // namespace

Error load_root(Vcpu& vcpu, std::uint64_t root) {
    return vcpu.machine->shadows.in_use() ? load_shadowed(vcpu, root) : load_guests_own(vcpu, root);
}

Error load_legacy_root(Vcpu& vcpu, PagingMode mode, std::uint64_t cr3) {
    ShadowTables& shadows = vcpu.machine->shadows;
    const auto pointers = pointers_of(*vcpu.machine, mode, cr3);
    if (!pointers)
        return Error::bad_cr3;
    lock_page_tables(vcpu);
    if (vcpu.roots.pointer_table == 0)
        vcpu.roots.pointer_table = shadows.make_pointer_table();
    const ShadowNumber table = vcpu.roots.pointer_table;
    if (table == 0 || (shadows.has_unsynced() && !shadows.sync(0)) ||
        !shadows.load_pointers(table, mode, *pointers))
        return paused;
    withdraw_roots(vcpu);
    const SpinGuard guard{vcpu.roots.known.lock};
    follow(vcpu);
    if (vcpu.roots.current.table != table)
        vcpu.roots.known.forget_all();
    make_current(vcpu, {cr3, shadows.address(table), table});
    vcpu.vmcs.write(Field::guest_cr3, vcpu.roots.current.loaded);
    if (shadows.can_displace())
        set_cr3_reads_exit(vcpu);
    drop_before_entry(vcpu, Stale::non_global);
    return Error::none;
}

namespace {

void set_guest_root(Vcpu& vcpu, std::uint64_t root) {
    const SpinGuard guard{vcpu.roots.known.lock};
    vcpu.roots.current.guest = root;
}

} // namespace

Error load_root_again(Vcpu& vcpu, std::uint64_t root) {
    set_guest_root(vcpu, abi::no_root); // so that it counts as another root
    const Error error = load_shadowed(vcpu, root);
    if (error != Error::none)
        set_guest_root(vcpu, root);
    return error;
}

void withdraw_roots(Vcpu& vcpu) {
    const SpinGuard guard{vcpu.roots.known.lock};
    follow(vcpu);
    for (std::uint32_t index = 0; index < abi::root_pairs; ++index)
        withdraw(vcpu, index);
}

void withdraw_roots_everywhere(Vcpu& vcpu) {
    withdraw_where(vcpu, [](const ShadowedRoot&) { return true; });
}

void withdraw_root_everywhere(Vcpu& vcpu, std::uint64_t frame) {
    withdraw_where(vcpu,
                   [frame](const ShadowedRoot& root) { return root.guest / page_size == frame; });
}

bool restore_root(Vcpu& vcpu, std::uint64_t frame) {
    const SpinGuard guard{vcpu.roots.known.lock};
    const ShadowTables& shadows = vcpu.machine->shadows;
    bool done = true;
    for (std::uint32_t index = 0; index < abi::root_pairs; ++index)
        if (shadows.table(vcpu.roots.displaced[index]).frame == frame)
            done = restore_slot(vcpu, index) && done;
    return done;
}

namespace {

void withdraw_out_of_step(Vcpu& vcpu) {
    // Only displaced roots are published.
    const std::uint32_t found = vcpu.machine->shadows.out_of_step(vcpu.roots.displaced);
    for (std::uint32_t index = 0; index < abi::root_pairs; ++index)
        if ((found >> index & 1) != 0)
            withdraw(vcpu, index);
}

} // namespace

void keep_free_running(Vcpu& vcpu) {
    ShadowTables& shadows = vcpu.machine->shadows;
    const bool out_of_step = shadows.uses_unsynced();
    const SpinGuard guard{vcpu.roots.known.lock};
    follow(vcpu);
    if (shadows.take_linked() && out_of_step)
        withdraw_out_of_step(vcpu);
    set_cr3_reads_exit(vcpu);
    set_primary_control(vcpu, primary_processor_based::invlpg_exiting, out_of_step);
}

void set_tables_aside(Vcpu& vcpu) {
    ShadowTables& shadows = vcpu.machine->shadows;
    shadows.set_aside();
    const SpinGuard guard{vcpu.roots.known.lock};
    follow(vcpu);
    for (const ShadowNumber table : vcpu.roots.displaced) {
        const std::uint64_t address = shadows.table(table).frame * page_size;
        if (table != 0)
            publish_displaced(vcpu, {address, address, table});
    }
}

bool is_current_root(const VirtualMachine& machine, std::uint64_t frame) {
    for (std::uint32_t number = 0; number < machine.vcpu_count; ++number) {
        GuestRoots& roots = machine.vcpus[number]->roots;
        const SpinGuard guard{roots.known.lock};
        if (roots.current.guest / page_size == frame)
            return true;
    }
    return false;
}

void leave_roots(Vcpu& vcpu) {
    withdraw_roots(vcpu);
    const SpinGuard guard{vcpu.roots.known.lock};
    if (vcpu.roots.current.table != 0)
        vcpu.machine->shadows.unpin(vcpu.roots.current.table);
    vcpu.roots.current = {};
}

void write_root_targets(Vcpu& vcpu) {
    vcpu.pending &= static_cast<std::uint8_t>(~pending::root_targets);
    GuestRoots& roots = vcpu.roots;
    for (std::uint32_t index = 0; index < roots.limit; ++index) {
        const std::uint64_t target = roots.published[index].loaded;
        if (roots.targets[index] == target)
            continue;
        roots.targets[index] = target;
        vcpu.vmcs.write(target_fields[index], target);
    }
}

} // namespace hv
