#include "hypervisor/address_space/guest_access.h"

#include "hypervisor/address_space/guest_paging.h"
#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/address_space/page_table_lock.h"
#include "hypervisor/address_space/translations.h"
#include "hypervisor/host/processor/instructions.h"
#include "hypervisor/vcpu/guest_control_registers.h"
#include "hypervisor/x86/control_register.h"
#include "hypervisor/x86/rflags.h"

namespace hv {

namespace {

// Protections that no entry gives: a kernel's fetch from a user page under SMEP, and its access to
// one under SMAP while RFLAGS.AC is clear (SDM vol. 3, 4.6.1).
[[gnu::always_inline]] inline bool is_forbidden_by_mode(const Vcpu& vcpu, const PageWalk& walk,
                                                        std::uint32_t access) {
    if ((access & fault_code::user) != 0 || !walk.user)
        return false;
    const std::uint64_t cr4 = guest_cr4(vcpu);
    if ((access & fault_code::fetch) != 0)
        return (cr4 & cr4::supervisor_execution_prevention) != 0;
    return (cr4 & cr4::supervisor_access_prevention) != 0 &&
           (vcpu.vmcs.read(Field::guest_rflags) & rflags::alignment_check) == 0;
}

// Whether the protection key of a user page denies a data access (SDM vol. 3, 4.6.2). Under shadow
// paging there are no keys.
bool is_forbidden_by_key(const Vcpu& vcpu, const PageWalk& walk, std::uint32_t access) {
    if ((guest_cr4(vcpu) & cr4::protection_key_enable) == 0 || walk.end != WalkEnd::mapped ||
        !walk.user || (access & fault_code::fetch) != 0)
        return false;
    const std::uint64_t entry = walk.step[static_cast<std::size_t>(walk.level)].entry;
    const std::uint32_t denied = cpu::read_pkru() >> (2 * paging::protection_key(entry));
    constexpr std::uint32_t access_disable = 1;
    constexpr std::uint32_t write_disable = 2;
    const bool may_be_denied_writes =
        (access & fault_code::user) != 0 || (guest_cr0(vcpu) & cr0::write_protect) != 0;
    return (denied & access_disable) != 0 ||
           ((denied & write_disable) != 0 && (access & fault_code::write) != 0 &&
            may_be_denied_writes);
}

// The error code tells fetches from loads only where one of them can be forbidden alone (SDM vol.
// 3, 4.7); in the processor itself NXE is always on.
bool reports_fetches(const Vcpu& vcpu) {
    return vcpu.machine->features.execute_disable ||
           (guest_cr4(vcpu) & cr4::supervisor_execution_prevention) != 0;
}

std::uint32_t error_code(const Vcpu& vcpu, WalkEnd end, std::uint32_t access) {
    std::uint32_t code = access & (fault_code::write | fault_code::user);
    if ((access & fault_code::fetch) != 0 && reports_fetches(vcpu))
        code |= fault_code::fetch;
    if (end != WalkEnd::not_present)
        code |= fault_code::present;
    if (end == WalkEnd::reserved)
        code |= fault_code::reserved;
    return code;
}

// Also in the walk's copies of the entries.
[[gnu::always_inline]] inline void mark_used(const Vcpu& vcpu, PageWalk& walk, bool write) {
    for (int level = FourLevelPaging::levels; level >= walk.level; --level) {
        WalkStep& step = walk.step[static_cast<std::size_t>(level)];
        const bool dirties = write && level == walk.level;
        const std::uint64_t used = paging::accessed | (dirties ? paging::dirty : 0);
        if ((step.entry & used) == used)
            continue;
        // An entry that another vCPU changed meanwhile keeps its change and gains the bits.
        step.entry = set_bits(step.address, used);
        Frame& frame = *vcpu.machine->frames.of_address(step.address);
        vcpu.machine->shadows.note_guest_bits(frame, step.address, step.entry);
    }
}

} // namespace

// No field is written before the walk's result is: the walk is long, and initialised once.
[[gnu::always_inline]] inline GuestAccess::GuestAccess(Vcpu& vcpu, std::uint64_t its_linear,
                                                       std::uint32_t its_access)
    : linear{its_linear}, access{its_access}, walk{walk_pages<FourLevelPaging>(
                                                  vcpu.machine->memory,
                                                  guest_cr3(vcpu) & paging::address_mask,
                                                  its_linear, vcpu.machine->features)} {}

namespace {

[[gnu::always_inline]] inline void judge(const Vcpu& vcpu, GuestAccess& found, bool by_keys) {
    const bool key_forbids = by_keys && is_forbidden_by_key(vcpu, found.walk, found.access);
    const bool write_protect = (guest_cr0(vcpu) & cr0::write_protect) != 0;
    found.is_allowed = found.walk.end == WalkEnd::mapped &&
                       !found.walk.forbids(found.access, write_protect) &&
                       !is_forbidden_by_mode(vcpu, found.walk, found.access) && !key_forbids;
    if (!found.is_allowed)
        found.error_code = error_code(vcpu, found.walk.end, found.access) |
                           (key_forbids ? fault_code::protection_key : 0);
}

} // namespace

[[gnu::always_inline]] inline GuestAccess judge_access(Vcpu& vcpu, std::uint64_t linear,
                                                       std::uint32_t access, bool by_keys) {
    GuestAccess found{vcpu, linear, access};
    judge(vcpu, found, by_keys);
    if (found.is_allowed)
        mark_used(vcpu, found.walk, (access & fault_code::write) != 0);
    return found;
}

GuestAccess access_in_mode(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access) {
    const PagingMode mode = paging_mode(vcpu);
    GuestAccess found{linear, access, walk_in_mode(vcpu, mode, linear)};
    if (mode == PagingMode::none)
        found.is_allowed = true;
    else
        judge(vcpu, found, true);
    if (found.is_allowed)
        mark_used_in_mode(vcpu, mode, found.walk, (access & fault_code::write) != 0);
    if (found.is_allowed && vcpu.machine->shadows.in_use() && mode != PagingMode::four_level)
        widen_walk(vcpu, mode, found.walk, linear);
    return found;
}

GuestAccess access_guest(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access) {
    return judge_access(vcpu, linear, access, false);
}

GuestAccess access_operand(Vcpu& vcpu, std::uint64_t linear, std::uint32_t access) {
    if (vcpu.machine->runs_in_protected_mode())
        return access_in_mode(vcpu, linear, access);
    return judge_access(vcpu, linear, access, true);
}

ShadowFill::Fill fill_shadows(Vcpu& vcpu, const GuestAccess& access) {
    const std::uint64_t start = cpu::read_tsc();
    const auto result = [&] {
        const LeftToGuest left{vcpu};
        return vcpu.machine->shadows.fill(current_shadow_root(vcpu), access.linear, access.walk,
                                          access.access);
    }();
    vcpu.statistics.shadow_ticks += cpu::read_tsc() - start;
    return result;
}

void set_used_bits(Vcpu& vcpu, std::uint64_t linear) {
    lock_page_tables(vcpu);
    const PageWalk walk = walk_pages<FourLevelPaging>(
        vcpu.machine->memory, guest_cr3(vcpu) & paging::address_mask, linear, lenient_features);
    // Processors may set the bits of the entries that they pass before they meet one that ends the
    // walk (SDM vol. 3, 4.8).
    const bool is_mapped = walk.end == WalkEnd::mapped;
    bool all_accessed = true;
    for (int level = FourLevelPaging::levels; level > walk.level - (is_mapped ? 1 : 0); --level) {
        const WalkStep& step = walk.step[static_cast<std::size_t>(level)];
        if ((step.entry & paging::accessed) != 0)
            continue;
        set_bits(step.address, paging::accessed);
        all_accessed = false;
    }
    if (all_accessed && is_mapped)
        set_bits(walk.step[static_cast<std::size_t>(walk.level)].address, paging::dirty);
}

} // namespace hv
