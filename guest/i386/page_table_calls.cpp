#include "guest/i386/page_table_calls.h"

#include "guest/i386/console.h"
#include "guest/i386/monitor.h"
#include "guest/i386/sites.h"

namespace guest::i386 {
namespace {

using abi::Call;

constexpr std::uint32_t rights = 0x67; // present, writable, for programs, accessed, dirty
constexpr std::uint32_t page_size = 4096;
constexpr std::uint32_t no_mode = 0;
constexpr std::uint32_t mmu_mode = 1;
constexpr std::uint32_t cpu_mode = 2;
constexpr std::uint32_t low_memory_pages = 1024;
constexpr std::uint32_t pt_flag = 1;

/// Two pages that the window shows, each with its number in the first word.
alignas(page_size) std::uint32_t shown[2][page_size / 4] = {{0xAAAA0000}, {0xBBBB0000}};

std::uint32_t physical(std::uint32_t which) {
    return reinterpret_cast<std::uint32_t>(shown[which]);
}

std::uint32_t word_at(std::uint32_t linear) {
    return *reinterpret_cast<const volatile std::uint32_t*>(linear);
}

bool shows(std::uint32_t page, std::uint32_t which) {
    return word_at(window_base + page * page_size) == shown[which][0];
}

void show(Paging paging, std::uint32_t space, std::uint32_t page, std::uint32_t which) {
    const std::uint32_t entry = window_entry(paging, space, page);
    if (paging == Paging::two_level)
        call(pointer_calls.set_pxe, physical(which) | rights, entry, pt_flag);
    else
        call(pointer_calls.set_pxe_long, physical(which) | rights, 0, entry, pt_flag);
}

std::uint32_t exits() {
    const auto* const statistics =
        reinterpret_cast<const volatile abi::Statistics*>(kernel_base + ask_monitor().statistics);
    return static_cast<std::uint32_t>(statistics->exits);
}

void map_linear(std::uint32_t pages) {
    call(pointer_calls.set_linear_mapping, 0, kernel_base, pages, 0);
}

// One entry at a time, with the invalidation that belongs to it.
void check_single_entries(Paging paging) {
    for (const bool covered : {true, false, true}) { // an entry that no slot covers
        map_linear(covered ? low_memory_pages : 0);
        for (const std::uint32_t which : {0, 1, 0}) {
            show(paging, 0, 0, which);
            call(&site_inval_page, window_base + 5); // of any address in the page
            expect(shows(0, which), "SetPxE, InvalPage");
        }
        show(paging, 0, 0, 1);
        call(&site_flush_tlb, 1);
        expect(shows(0, 1), "SetPxE, FlushTLB");
    }
}

std::uint32_t check_loop(Paging paging, std::uint32_t first) {
    const bool is_lazy = is_queued(Call::set_pxe); // asked now: CPUID exits, and drains the ring
    call(&site_set_lazy_mode, mmu_mode);
    const std::uint32_t before = exits();
    for (std::uint32_t page = 0; page < window_pages; ++page)
        show(paging, 0, page, (page + first) % 2);
    if (is_lazy) {
        expect(word_at(window_entry(paging, 0, window_pages - 1)) !=
                   (physical((window_pages - 1 + first) % 2) | rights),
               "an entry is not queued");
    }
    call(&site_set_lazy_mode, no_mode);
    constexpr std::uint32_t own = 1; // the CPUID of exits()
    const std::uint32_t taken = exits() - before - own;
    call(&site_flush_tlb, 1);
    for (std::uint32_t page = 0; page < window_pages; ++page)
        expect(shows(page, (page + first) % 2), "SetPxE in MMU mode");
    return taken;
}

void check_spaces(Paging paging) {
    show(paging, 0, 0, 0);
    show(paging, 1, 0, 1);
    for (const std::uint32_t space : {1, 0}) {
        call(&site_set_cr3, root_of(paging, space));
        expect(call(&site_get_cr3) == root_of(paging, space), "GetCR3");
        expect(shows(0, space), "SetCR3");
    }
    for (const std::uint32_t space : {1, 0}) {
        call(&site_set_lazy_mode, cpu_mode);
        call(&site_set_cr3, root_of(paging, space));
        expect(call(&site_get_cr3) == root_of(paging, space), "GetCR3 in CPU mode");
        call(&site_set_lazy_mode, no_mode);
        expect(shows(0, space), "SetCR3 in CPU mode");
    }
    if (paging == Paging::pae) {
        show_low_memory_at_2_gib();
        call(&site_set_cr3, root_of(paging, 0)); // the same root again
        expect(word_at(two_gib + physical(1)) == shown[1][0], "SetCR3 of the same root");
    }
}

// Kernels leave the modes when none is set.
void check_modes() {
    const std::uint32_t before = exits();
    const std::uint32_t again = exits();
    for (int times = 0; times < 2; ++times)
        expect(call(&site_set_lazy_mode, no_mode) == 0, "SetLazyMode(0) without a mode");
    expect(exits() - again == again - before, "SetLazyMode(0) without a mode exits");
}

} // namespace

std::uint32_t check_page_table_calls(Paging paging) {
    map_linear(low_memory_pages);
    check_single_entries(paging);
    std::uint32_t taken = 0;
    for (std::uint32_t first = 0; first < 3; ++first)
        taken = check_loop(paging, first);
    check_spaces(paging);
    check_modes();
    return taken;
}

} // namespace guest::i386
