#include "hypervisor/vcpu/guest_root.h"

#include "hypervisor/vcpu/pending.h"
#include "hypervisor/vcpu/vcpu.h"

namespace hv {

namespace {

void make_current(Vcpu& vcpu, const ShadowedRoot& root) {
    ShadowTables& shadows = vcpu.machine->shadows;
    shadows.pin(root.table);
    if (vcpu.roots.current.table != 0)
        shadows.unpin(vcpu.roots.current.table);
    vcpu.roots.current = root;
}

// The ROM may read the pair at any time: it is never half of one root and half of another.
void write_pair(Vcpu& vcpu, std::uint32_t index, const ShadowedRoot& root) {
    volatile abi::RootPair& pair = vcpu.area->control.root_pair[index];
    pair.guest_root = abi::no_root;
    pair.loaded = root.loaded;
    pair.guest_root = root.guest;
    vcpu.pending |= pending::root_targets;
}

void withdraw(Vcpu& vcpu, std::uint32_t index) {
    ShadowedRoot& root = vcpu.roots.published[index];
    if (root.table == 0)
        return;
    vcpu.machine->shadows.unpin(root.table);
    root = {};
    write_pair(vcpu, index, root);
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
    vcpu.machine->shadows.pin(root.table);
    roots.published[index] = root;
    write_pair(vcpu, index, root);
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

} // namespace

std::uint64_t guest_cr3(Vcpu& vcpu) {
    return vcpu.machine->shadows.in_use() ? follow(vcpu).guest : vcpu.vmcs.read(Field::guest_cr3);
}

ShadowNumber current_shadow_root(Vcpu& vcpu) { return follow(vcpu).table; }

void load_shadow_root(Vcpu& vcpu, std::uint64_t root) {
    ShadowTables& shadows = vcpu.machine->shadows;
    vcpu.pending |= pending::page_tables;
    if (follow(vcpu).guest != root) {
        const ShadowNumber table = shadows.root(root / page_size);
        const ShadowedRoot loaded{root, shadows.address(table), table};
        make_current(vcpu, loaded);
        vcpu.vmcs.write(Field::guest_cr3, loaded.loaded);
    }
    if (shadows.has_unsynced())
        shadows.sync(vcpu.roots.current.table);
    publish(vcpu, vcpu.roots.current);
}

void withdraw_roots(Vcpu& vcpu) {
    follow(vcpu);
    for (std::uint32_t index = 0; index < abi::root_pairs; ++index)
        withdraw(vcpu, index);
}

void withdraw_root(Vcpu& vcpu, std::uint64_t frame) {
    for (std::uint32_t index = 0; index < abi::root_pairs; ++index) {
        if (vcpu.roots.published[index].guest / page_size != frame)
            continue;
        follow(vcpu);
        withdraw(vcpu, index);
    }
}

void write_root_targets(Vcpu& vcpu) {
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
