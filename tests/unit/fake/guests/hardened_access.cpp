// Accesses of the guest's: the processor's walk, and what EPT makes of it.

#include "tests/unit/fake/guests/hardened_guest.h"

namespace hv::test {

namespace {

constexpr std::uint64_t used = 0x60;

bool is_ram(std::uint64_t gpa) { return gpa < fake_ram_size && (gpa < 0xA0000 || gpa >= 0x100000); }

} // namespace

// The processor sets an accessed or dirty bit; where the table is write-protected, the monitor.
bool HardenedGuest::set_used(std::uint64_t linear, std::uint64_t entry, std::uint64_t bit) {
    const bool is_set = (machine_.word(entry) & bit) != 0; // by the monitor, with one above it
    if (!is_set && (machine_.machine().ept.leaf(entry) & 2) != 0) {
        machine_.word(entry) |= bit;
    } else if (!is_set) {
        machine_.fields[Field::exit_qualification] = 0x82;
        machine_.fields[Field::guest_physical_address] = entry;
        machine_.fields[Field::guest_linear_address] = linear;
        exit(abi::ExitReason::ept_violation);
        if (machine_.fields[Field::vm_entry_interruption_information] != 0)
            return complain("the processor's own store was refused");
        ++used_bits;
    }
    const std::uint64_t now = machine_.word(entry);
    if ((now & bit) == 0 || (now | used) != (mmu_.word(entry) | used))
        return complain("an accessed or dirty bit is not set, or more than that");
    mmu_.store(entry, now);
    return true;
}

bool HardenedGuest::store(std::uint64_t linear, std::uint64_t gpa, std::uint64_t value) {
    const std::uint64_t leaf = machine_.machine().ept.leaf(gpa);
    const std::uint8_t level = level_of(gpa);
    if ((leaf & 2) != 0) {
        if (level != 0)
            return complain("a registered table is writable");
        machine_.word(gpa) = value;
        mmu_.store(gpa, value);
        return true;
    }
    machine_.vcpu().registers.rdi = linear;
    machine_.vcpu().registers.rdx = value;
    machine_.fields[Field::exit_qualification] = 0x182;
    machine_.fields[Field::guest_physical_address] = gpa;
    machine_.fields[Field::guest_linear_address] = linear;
    exit(abi::ExitReason::ept_violation);
    ++trapped;
    const bool rejected = machine_.fields[Field::vm_entry_interruption_information] != 0;
    refused += rejected ? 1U : 0U;
    if (level == 0) {
        // Written by the monitor, or none of the guest's memory.
        if (!is_ram(gpa))
            return rejected || complain("a store to no memory was not refused");
        return complain("a page that is no table is write-protected");
    }
    if (rejected != forbidden(level, value))
        return complain(rejected ? "a store was refused" : "a forbidden store was carried out");
    if (!rejected)
        mmu_.store(gpa, value, true);
    return machine_.word(gpa) == mmu_.word(gpa) ||
           complain("a trapped store was carried out wrong");
}

bool HardenedGuest::access(std::uint64_t linear, Access how, std::uint64_t value) {
    const auto found = cached_.find(linear >> 12);
    const bool hit = found != cached_.end() && (!how.user || found->second.user) &&
                     (!how.write || (found->second.writable && found->second.dirty)) &&
                     (!how.fetch || found->second.executable);
    std::uint64_t gpa = 0;
    if (hit) {
        gpa = found->second.gpa | (linear & 0xFFF);
        if (!mmu_.may_translate(linear, how, gpa))
            return complain("a translation is used that had to be dropped");
    } else {
        cached_.erase(linear >> 12); // a fault would; so does a new walk for a dirty bit
        const ReferenceWalk walk = mmu_.walk(linear, how);
        if (walk.end != ReferenceWalk::End::mapped)
            return true; // the processor's own #PF
        for (std::uint32_t index = 0; index < walk.steps; ++index)
            if ((mmu_.word(walk.entry[index]) & 0x20) == 0 &&
                !set_used(linear, walk.entry[index], 0x20))
                return false;
        const std::uint64_t last = walk.entry[walk.steps - 1];
        if (how.write && (mmu_.word(last) & 0x40) == 0 && !set_used(linear, last, 0x40))
            return false;
        gpa = walk.gpa;
        const auto allows = [&](Access other) {
            return mmu_.walk(linear, other).end == ReferenceWalk::End::mapped;
        };
        cached_[linear >> 12] = {gpa & ~std::uint64_t{0xFFF},   allows({.write = true}),
                                 allows({.user = true}),        allows({.fetch = true}),
                                 (mmu_.word(last) & 0x40) != 0, (mmu_.word(last) & 0x100) != 0};
    }
    ++translated;
    if (gpa >= fake_ram_size && gpa < fake_memory_size)
        return machine_.machine().ept.leaf(gpa) == 0 || complain("the monitor's memory is mapped");
    // Outside the pool's slots nothing is written: the kernel's own pages stay as they are.
    const bool in_pool = gpa >= pool_begin && gpa < pool_begin + pool_frames * page_size;
    return !how.write || !in_pool || gpa % page_size >= 48 || store(linear, gpa, value);
}

} // namespace hv::test
