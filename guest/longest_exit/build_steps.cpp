// Steps that build page tables and use them.

#include "guest/hostile/caught.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/cpu/cpu.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/longest_exit/steps.h"
#include "shared/page_table_calls.h"

namespace guest::longest_exit {
namespace {

/// One access; a page fault ends it.
void touch(std::uint64_t linear, bool by_write) {
    constexpr std::uint64_t user_half = 0x00007FFFFFFFF000;
    linear &= user_half;
    (void)hostile::caught([&] {
        std::uint64_t word = 0;
        if (by_write)
            asm volatile("lock addq $0, (%0)" : : "r"(linear) : "cc", "memory");
        else
            asm volatile("movq (%1), %0" : "=r"(word) : "r"(linear) : "memory");
    });
}

void make_group(const Filling& filling, std::uint32_t count, bool announced) {
    for (std::uint32_t number = 0; number < count && !out_of_time(); ++number)
        if (!objects::make_table(filling, number, announced))
            return;
}

/// How many page tables of the level above lead to `count` of them.
constexpr std::uint32_t above(std::uint32_t count) {
    return (count + pte::entries - 1) / pte::entries;
}

} // namespace

void load_root(std::uint64_t root) {
    if (root != 0) {
        (void)hostile::caught([&] { asm volatile("movq %0, %%cr3" : : "r"(root) : "memory"); });
    }
}

void make_tables(const Step& step) {
    make_group(step.filling(), step.count(kind_of(step).limit), step.flag(1));
}

/// Page tables of level 1, all those above them, and a root, which is loaded.
void make_tree(const Step& step) {
    const bool announced = step.flag(1);
    std::uint32_t count = step.count(kind_of(step).limit);
    const std::uint32_t pages = count;
    Filling filling{step.content(), 1, step.first()};
    std::uint32_t first = objects::tables(1);
    make_group(filling, count, announced);
    for (std::uint32_t level = 2; level <= pte::levels; ++level) {
        count = above(count);
        filling = {Content::lower_tables, level, first};
        first = objects::tables(level);
        make_group(filling, count, announced);
    }
    load_root(objects::table(pte::levels, first));
    for (std::uint32_t page = 0; step.flag(0) && page < pages && !out_of_time(); ++page)
        touch(page * pte::large_page_size, step.flag(2));
}

void load_roots(const Step& step) {
    const std::uint32_t count = step.count(kind_of(step).limit);
    for (std::uint32_t number = 0; number < count; ++number) {
        // Few roots often, or many roots once.
        const std::uint32_t index = number % (1 + step.variation % 8);
        const std::uint64_t root = objects::recent_table(pte::levels, step.first() + index);
        if (root != 0 && step.flag(0) && paravirt::bound())
            (void)paravirt::vmcall(abi::Call::set_cr3, root);
        else
            load_root(root);
    }
}

/// The distance between two addresses is what an entry of the level maps.
void touch_pages(const Step& step) {
    const std::uint32_t count = step.count(kind_of(step).limit);
    const std::uint64_t distance = std::uint64_t{1} << pte::shift(step.level());
    for (std::uint32_t number = 0; number < count && !out_of_time(); ++number)
        touch((step.first() + number) * distance, step.flag(0));
}

/// AllocatePage or ReleasePage of many page tables, or of hot pages.
void announce_pages(const Step& step) {
    const bool releases = step.flag(0);
    const bool hot = step.flag(1);
    const std::uint32_t count = step.count(hot ? hot_pages : kind_of(step).limit);
    const abi::Call call = releases ? abi::Call::release_page : abi::Call::allocate_page;
    const auto options =
        abi::AllocateOptions::make(abi::page_level_flag(step.level()), 0, 0).encode();
    if (!paravirt::bound())
        return;
    for (std::uint32_t number = 0; number < count && !out_of_time(); ++number) {
        const std::uint32_t index = step.first() + number;
        const std::uint64_t page =
            hot ? objects::hot_page(index) : objects::recent_table(step.level(), index);
        if (step.flag(2))
            hostile::forge_entry(static_cast<std::uint64_t>(call), page / page_size, 0, options);
        else
            (void)paravirt::vmcall(call, page / page_size, 0, options);
    }
    if (step.flag(2))
        (void)hostile::drain();
}

} // namespace guest::longest_exit
