// Calls on page tables with invalid frames, counts, levels and entries.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

namespace guest::hostile {
namespace {

using abi::AllocateOptions;
using abi::Call;
using abi::Error;

constexpr std::uint64_t ones = ~std::uint64_t{0};

void page_table_calls(Attempt& attempt) {
    const Cpu& cpu = this_cpu();
    const std::uint64_t free_frame = pages::allocate() / page_size;
    const std::uint64_t table = page_tables::allocate(2);
    const std::uint64_t root = cpu.root / page_size;
    const std::uint64_t pml4 = abi::page_flags::pml4;
    const std::uint64_t clone = pml4 | abi::page_flags::clone;
    const std::uint64_t monitor = monitors_memory();
    const auto options = [](std::uint64_t flags, std::uint64_t first, std::uint64_t count) {
        return AllocateOptions::make(flags, first, count).encode();
    };
    const Refusal refusals[]{
        {Call::allocate_page, {ones, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {std::uint64_t{1} << 52, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {monitor / page_size, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {no_memory / page_size, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {abi::vcpu_area_base / page_size, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {abi::rom_base / page_size, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {abi::statistics_base / page_size, 0, pml4}, Error::bad_frame},
        {Call::allocate_page, {free_frame, 0, 0}, Error::bad_level},
        {Call::allocate_page, {free_frame, 0, 0xF}, Error::bad_level},
        {Call::allocate_page, {root, 0, pml4}, Error::already_a_table},
        {Call::allocate_page,
         {to_physical(address_of(cpu.gdt)) / page_size, 0, pml4},
         Error::protected_page},
        {Call::allocate_page, {free_frame, free_frame, options(clone, 0, 1)}, Error::not_a_table},
        {Call::allocate_page, {free_frame, ones, options(clone, 0, 1)}, Error::not_a_table},
        {Call::allocate_page,
         {free_frame, root, options(clone, 512, 1)},
         Error::clone_out_of_range},
        {Call::allocate_page,
         {free_frame, root, options(clone, 1, ones)},
         Error::clone_out_of_range},
        {Call::allocate_page,
         {free_frame, root, options(clone, 0xFFFF, 0xFFFF0001)},
         Error::clone_out_of_range},
        {Call::release_page, {free_frame}, Error::not_a_table},
        {Call::release_page, {root}, Error::table_in_use},
        {Call::set_pxe, {0, monitor}, Error::bad_frame},
        {Call::set_pxe, {0, ones}, Error::bad_frame},
        {Call::set_pxe, {0, ones - 7}, Error::bad_frame},
        {Call::set_pxe, {0, no_memory}, Error::bad_frame},
        {Call::set_pxe, {0, table + 4}, Error::bad_alignment},
        {Call::set_pxe, {0, to_physical(address_of(cpu.gdt))}, Error::protected_page},
        {Call::set_pxe, {monitor | pte::to_table, table}, Error::bad_frame},
        {Call::set_pxe, {no_memory | pte::to_table, table}, Error::bad_frame},
        {Call::set_pxe, {table | pte::to_table, table}, Error::table_loop},
        {Call::set_pxe, {cpu.root | pte::to_table, table}, Error::table_loop},
        {Call::set_pxe, {std::uint64_t{1} << 51 | pte::to_table, table}, Error::bad_entry},
        {Call::set_pxe_long, {std::uint64_t{1} << 51 | pte::to_table, table}, Error::bad_entry},
        {Call::update_pxe, {monitor}, Error::bad_frame},
        {Call::update_pxe, {ones}, Error::bad_frame},
        {Call::update_pxe_long, {ones - 7}, Error::bad_frame},
    };
    expect_refusals(attempt, refusals);
    const std::uint64_t absent = vmcall(Call::release_page, ones);
    attempt.expect(absent == static_cast<std::uint64_t>(Error::not_a_table) ||
                       absent == static_cast<std::uint64_t>(Error::bad_frame),
                   "a frame that is none cannot be released");
    attempt.told(vmcall(Call::release_page, table / page_size), Error::none);
    attempt.counted(counter::injected, 0);
    pages::release(table);
    pages::release(free_frame * page_size);
}

void linear_mappings(Attempt& attempt) {
    constexpr std::uint64_t slot = 1;
    const std::uint64_t table = user_memory_base;
    const auto set = [](std::uint64_t number, std::uint64_t linear, std::uint64_t pages,
                        std::uint64_t frame) {
        return paravirt::set_linear_mapping(number, linear, pages, frame);
    };
    attempt.told(set(4, 0, 1, 0), Error::bad_slot);
    attempt.told(set(ones, 0, 1, 0), Error::bad_slot);
    attempt.told(set(slot, 1, 1, 0), Error::bad_slot);
    attempt.told(set(slot, 0, ones, 0), Error::bad_slot);
    attempt.told(set(slot, ones - 0xFFF, 2, 0), Error::bad_slot);
    attempt.told(set(slot, 0, 2, ones >> 12), Error::bad_slot);
    attempt.told(set(slot, 0, 1, ones), Error::bad_slot);
    auto* const entry = reinterpret_cast<std::uint64_t*>(table);
    attempt.told(paravirt::set_pxe_checked(0, entry), Error::no_linear_mapping);
    attempt.told(set(slot, table, 1, monitors_memory() / page_size), Error::none);
    attempt.told(paravirt::set_pxe_checked(0, entry), Error::bad_frame);
    attempt.told(set(slot, 0, 0, 0), Error::none);
    attempt.counted(counter::refused, 1);
}

constexpr AttackCode codes[]{
    {"page-table-calls", page_table_calls},
    {"linear-mappings", linear_mappings},
};

} // namespace

std::span<const AttackCode> page_table_call_attacks() { return codes; }

} // namespace guest::hostile
