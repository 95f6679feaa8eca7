// Page tables that map themselves, the ring or the monitor, and invalid stacks.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/boot/machine.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/interrupts/interrupts.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

#include <cstring>

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;

constexpr std::uint32_t gp = interrupts::general_protection;
constexpr std::uint64_t linear = 0x30000000; ///< in the user half; nothing is mapped there
/// The index of the entry of a root that references the root itself, and the linear address of the
/// root if that entry is used at all four levels.
constexpr std::uint64_t self = 1;
constexpr std::uint64_t self_linear = self << 39 | self << 30 | self << 21 | self << 12;

/// Makes an unregistered root with the kernel half.
std::uint64_t make_private_root() {
    const std::uint64_t root = pages::allocate();
    std::memcpy(pte::table_at(root) + pte::first_kernel_entry,
                pte::table_at(address_spaces::kernel().root) + pte::first_kernel_entry,
                page_size / 2);
    return root;
}

void move_to_cr3(std::uint64_t root) { asm volatile("mov %0, %%cr3" : : "r"(root) : "memory"); }

/// Reads and writes the root through itself, and uses the entries that it has written.
void walk_in_circles(Attempt& attempt, std::uint64_t root) {
    constexpr std::uint64_t rights = pte::present | pte::writable | pte::accessed | pte::dirty;
    pte::table_at(root)[self] = root | rights;
    move_to_cr3(root);
    const std::uint64_t data = pages::allocate();
    *linear_pointer<volatile std::uint64_t>(data) = 0x5AFE;
    std::uint64_t found = 0;
    attempt.expect(try_read(self_linear + self * 8, found) && (found & pte::address_mask) == root,
                   "it reads itself");
    // The entry serves as a leaf, too, for the root is used as a page table.
    constexpr std::uint64_t slot = 5;
    constexpr std::uint64_t mapped = self_linear + (slot - self) * page_size;
    for (std::uint32_t round = 0; round < 3; ++round) {
        attempt.expect(try_write(self_linear + slot * 8, data | rights), "it writes itself");
        asm volatile("invlpg (%0)" : : "r"(mapped) : "memory");
        attempt.expect(try_read(mapped, found) && found == 0x5AFE, "what it wrote is used");
        attempt.expect(try_write(self_linear + slot * 8, 0), "it writes itself");
        asm volatile("invlpg (%0)" : : "r"(mapped) : "memory");
        attempt.expect(!try_read(mapped, found), "what it took away is gone");
    }
    move_to_cr3(address_spaces::kernel().root);
    pages::release(data);
}

void tables_that_loop(Attempt& attempt) {
    const std::uint64_t root = make_private_root();
    if (machine().profile == abi::Profile::hardened) {
        attempt.told(vmcall(Call::set_cr3, root), Error::root_not_registered);
        attempt.told(caught([root] { move_to_cr3(root); }), gp);
    } else {
        walk_in_circles(attempt, root);
    }
    if (monitor_owns_tables()) {
        pte::table_at(root)[self] = root | pte::to_table;
        const Refusal filled[]{
            {Call::allocate_page, {root / page_size, 0, abi::page_flags::pml4}, Error::table_loop},
            {Call::allocate_page, {root / page_size, 0, abi::page_flags::pd}, Error::table_loop}};
        expect_refusals(attempt, filled);
    }
    attempt.expect(paravirt::get_cr3() == this_cpu().root, "CR3 is what it was");
    pages::release(root);
}

/// On modern the guest owns its page tables, wherever they lie. Page tables in the ring give it
/// access to nothing new.
void walk_through_ring(Attempt& attempt) {
    const std::uint64_t root = make_private_root();
    const std::uint64_t upper = pages::allocate();
    const std::uint64_t directory = pages::allocate();
    const std::uint64_t data = pages::allocate();
    constexpr std::uint64_t in_ring = abi::vcpu_area_base + page_size;
    constexpr std::uint64_t rights = pte::present | pte::writable | pte::accessed | pte::dirty;
    pte::table_at(root)[pte::index_of(linear, 4)] = upper | rights;
    pte::table_at(upper)[pte::index_of(linear, 3)] = directory | rights;
    pte::table_at(directory)[pte::index_of(linear, 2)] = in_ring | rights;
    auto* const entries = linear_pointer<volatile std::uint64_t>(in_ring);
    entries[0] = data | rights;
    entries[1] = monitors_memory() | rights;
    move_to_cr3(root);
    std::uint64_t found = 0;
    attempt.expect(try_read(linear, found) && found == 0, "the ring can be a page table");
    attempt.told(caught([] {
                     std::uint64_t ignored = 0;
                     asm volatile("movq (%1), %0" : "=r"(ignored) : "r"(linear + page_size));
                 }),
                 gp);
    move_to_cr3(address_spaces::kernel().root);
    entries[0] = 0;
    entries[1] = 0;
    for (const std::uint64_t page : {root, upper, directory, data})
        pages::release(page);
}

void tables_in_the_ring(Attempt& attempt) {
    if (!monitor_owns_tables()) {
        walk_through_ring(attempt);
        return;
    }
    const std::uint64_t table = page_tables::allocate(2);
    for (const std::uint64_t place : {abi::vcpu_area_base, abi::vcpu_area_base + page_size,
                                      abi::rom_base, abi::statistics_base, monitors_memory()}) {
        const Refusal refusals[]{
            {Call::allocate_page, {place / page_size, 0, abi::page_flags::pt}, Error::bad_frame},
            {Call::set_pxe, {place | pte::to_table, table}, Error::bad_frame},
            {Call::set_pxe, {0, place}, Error::bad_frame},
            {Call::set_cr3, {place}, Error::bad_cr3}};
        expect_refusals(attempt, refusals);
        attempt.told(caught([place] { move_to_cr3(place); }), gp);
    }
    attempt.told(vmcall(Call::release_page, table / page_size), Error::none);
    attempt.counted(counter::injected, 5);
    pages::release(table);
}

void unmapped_stack(Attempt& attempt) {
    const std::uint64_t stacks[]{std::uint64_t{1} << 63, (std::uint64_t{1} << 47) + page_size,
                                 user_scratch_page, to_linear(monitors_memory()) + page_size};
    for (const std::uint64_t stack : stacks) {
        attempt.told(caught([stack] {
                         asm volatile("movq %0, %%rsp\n\tud2" : : "r"(stack));
                     }),
                     interrupts::double_fault);
    }
}

constexpr AttackCode codes[]{
    {"tables-that-loop", tables_that_loop},
    {"tables-in-the-ring", tables_in_the_ring},
    {"unmapped-stack", unmapped_stack},
};

} // namespace

std::span<const AttackCode> page_table_attacks() { return codes; }

} // namespace guest::hostile
