// What the processor does for an access: on classic by the shadow tables, with page faults that are
// the monitor's; on hardened by the guest's own tables, under EPT.

#include "hypervisor/address_space/guest_root.h"
#include "hypervisor/host/processor/instructions.h"
#include "tests/differential/guest.h"
#include "tests/unit/fake/entry_bits.h"

#include <stdexcept>

namespace differential {

using abi::ExitReason;
using hv::test::Machine;

namespace {

using namespace hv::test::entry_bits;

constexpr std::uint64_t beyond_physical = address & ~((std::uint64_t{1} << 40) - 1);
constexpr std::uint32_t page_fault = 0x80000B0E;
constexpr std::uint32_t fault_present = 1;
constexpr std::uint32_t fault_reserved = 8;
constexpr std::uint64_t ept_writable = 2;
/// EPT violations: a write, at a valid linear address; to what it leads, or on the way there.
constexpr std::uint64_t write_violation = 0x182;
constexpr std::uint64_t used_bit_violation = 0x82;
constexpr std::uint64_t pcid = 0xFFF;
constexpr int most_attempts = 12;

bool is_ram(std::uint64_t gpa) {
    return gpa < hv::test::fake_ram_size && (gpa < 0xA0000 || gpa >= 0x100000);
}

std::uint32_t fault_code(Access how) {
    return (how.write ? 2U : 0) | (how.user ? 4U : 0) | (how.fetch ? 16U : 0);
}

} // namespace

bool Guest::permits(const Translation& translation, Access how) {
    const std::uint64_t cr0 = machine_.fields[Field::guest_cr0];
    const std::uint64_t cr4 = machine_.fields[Field::guest_cr4];
    if (how.user ? !translation.user : translation.user && how.fetch && (cr4 >> 20 & 1) != 0)
        return false;
    if (!how.user && translation.user && !how.fetch && (cr4 >> 21 & 1) != 0)
        return false;
    const bool ignores_rights = !how.user && (cr0 >> 16 & 1) == 0;
    return (!how.fetch || translation.executable) &&
           (!how.write || translation.writable || ignores_rights);
}

// A walk of any page tables in memory, without regard to what is cached.
Guest::Walk Guest::walk(std::uint64_t root, std::uint64_t linear) {
    Walk walk;
    std::uint64_t table = root & address;
    for (int level = 4;; --level) {
        const int shift = 12 + 9 * (level - 1);
        const std::uint64_t at = table + (linear >> shift & 0x1FF) * 8;
        const std::uint64_t entry = machine_.word(at);
        walk.entry[walk.steps++] = at;
        if ((entry & present) == 0)
            return walk;
        const bool is_page = level == 1 || (level < 4 && (entry & large) != 0);
        const std::uint64_t offset = (std::uint64_t{1} << shift) - 1;
        const bool reserved = (entry & beyond_physical) != 0 ||
                              (level == 4 && (entry & large) != 0) ||
                              (is_page && (entry & address & offset & ~std::uint64_t{0x1FFF}) != 0);
        if (reserved) {
            walk.code = fault_present | fault_reserved;
            return walk;
        }
        walk.found.writable = walk.found.writable && (entry & writable) != 0;
        walk.found.user = walk.found.user && (entry & user) != 0;
        walk.found.executable = walk.found.executable && (entry & execute_disable) == 0;
        if (is_page) {
            walk.found.page =
                (entry & address & ~offset) | (linear & offset & ~std::uint64_t{0xFFF});
            walk.found.dirty = (entry & dirty) != 0;
            walk.found.global =
                (entry & global) != 0 && (machine_.fields[Field::guest_cr4] & 0x80) != 0;
            walk.found.valid = true;
            return walk;
        }
        table = entry & address;
        if (classic_ ? table >= hv::test::fake_memory_size : !is_ram(table))
            return walk;
    }
}

void Guest::mark_pages_through(std::uint32_t number, std::uint64_t entry,
                               std::bitset<user_pages>& marks) {
    std::uint64_t root = 0;
    machine_.on(number, [&] { root = hv::guest_cr3(machine_.vcpu()); });
    for (std::uint32_t page = 0; page < user_pages; ++page) {
        const Walk way = walk(root, user_address(page));
        for (std::uint32_t step = 0; step < way.steps; ++step)
            if (way.entry[step] == entry)
                marks.set(page);
    }
}

Outcome Guest::access_through_shadow(std::uint64_t linear, Access how, std::uint64_t value,
                                     Translation& used) {
    for (int attempt = 0; attempt < most_attempts; ++attempt) {
        const Walk now = walk(machine_.fields[Field::guest_cr3], linear);
        if (now.found.valid && permits(now.found, how)) {
            used = now.found;
            return {.physical = now.found.page | (linear & 0xFFF)};
        }
        const auto code = fault_code(how) | (now.found.valid ? fault_present : 0);
        machine_.vcpu().registers.rdi = linear;
        machine_.vcpu().registers.rdx = value;
        machine_.fields[Field::exit_qualification] = linear;
        machine_.fields[Field::vm_exit_interruption_information] = page_fault;
        machine_.fields[Field::vm_exit_interruption_error_code] = code;
        Outcome outcome = exit(ExitReason::exception_nmi);
        if (machine_.vcpu().single_step.active)
            throw std::logic_error("a plain store is stepped");
        if (outcome.event == page_fault)
            outcome.address = machine_.cr2;
        if (outcome.event != 0 || outcome.emulated)
            return outcome;
    }
    throw std::logic_error("an access never ends");
}

Outcome Guest::ept_violation(std::uint64_t linear, std::uint64_t gpa, std::uint64_t qualification) {
    machine_.fields[Field::exit_qualification] = qualification;
    machine_.fields[Field::guest_physical_address] = gpa;
    machine_.fields[Field::guest_linear_address] = linear;
    return exit(ExitReason::ept_violation);
}

// By the processor; where the table is write-protected, by the monitor.
Outcome Guest::set_used(std::uint64_t linear, std::uint64_t entry, std::uint64_t bit) {
    if ((machine_.word(entry) & bit) != 0)
        return {};
    if ((machine_.machine().ept.leaf(entry) & ept_writable) == 0)
        return ept_violation(linear, entry, used_bit_violation);
    machine_.word(entry) |= bit;
    return {};
}

Outcome Guest::access_through_ept(std::uint64_t linear, Access how, std::uint64_t value,
                                  Translation& used) {
    const Walk now = walk(machine_.fields[Field::guest_cr3] & ~pcid, linear);
    if (!now.found.valid || !permits(now.found, how))
        return {.event = page_fault,
                .code = fault_code(how) | (now.found.valid ? fault_present : now.code),
                .address = linear};
    for (std::uint32_t index = 0; index < now.steps; ++index)
        if (const Outcome outcome = set_used(linear, now.entry[index], accessed);
            outcome.event != 0)
            return outcome;
    const std::uint64_t last = now.entry[now.steps - 1];
    if (how.write)
        if (const Outcome outcome = set_used(linear, last, dirty); outcome.event != 0)
            return outcome;
    used = now.found;
    used.dirty = (machine_.word(last) & dirty) != 0;
    const std::uint64_t gpa = now.found.page | (linear & 0xFFF);
    if (!how.write || !is_ram(gpa) || (machine_.machine().ept.leaf(gpa) & ept_writable) != 0)
        return {.physical = gpa};
    machine_.vcpu().registers.rdi = linear;
    machine_.vcpu().registers.rdx = value;
    return ept_violation(linear, gpa, write_violation);
}

Outcome Guest::access(std::uint64_t linear, Access how, std::uint64_t value, bool& stale) {
    Translation& slot = cached()[user_page(linear)];
    const Translation before = slot;
    const bool hit = before.valid && permits(before, how) && (!how.write || before.dirty);
    Translation used;
    const Outcome outcome = classic_ ? access_through_shadow(linear, how, value, used)
                                     : access_through_ept(linear, how, value, used);
    stale = hit && (!used.valid || used.page != before.page);
    slot = used;
    return outcome;
}

// The kernel's own map never changes: nothing of it is cached.
Outcome Guest::store(std::uint64_t gpa, std::uint64_t value) {
    Translation used;
    const std::uint64_t linear = kernel_address(gpa);
    const Access how{.write = true};
    Outcome outcome = classic_ ? access_through_shadow(linear, how, value, used)
                               : access_through_ept(linear, how, value, used);
    if (outcome.event == 0 && !outcome.emulated)
        machine_.word(gpa) = value;
    outcome.physical = 0;
    outcome.emulated = false;
    return outcome;
}

void Guest::drop_page(std::uint32_t number, std::uint64_t linear) {
    if (is_user_page(linear))
        cached_[number][user_page(linear)].valid = false;
}

void Guest::drop_non_global(std::uint32_t number) {
    for (Translation& translation : cached_[number])
        translation.valid = translation.valid && translation.global;
}

void Guest::drop_all(std::uint32_t number) { cached_[number].fill({}); }

} // namespace differential
