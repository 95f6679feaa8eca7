// Stores to page tables: plain ones, wide ones, and SetPxE and UpdatePxE.

#include "guest/hostile/caught.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/longest_exit/steps.h"

#include <iterator>

namespace guest::longest_exit {
namespace {

/// Where an entry is, and what it becomes.
struct Change {
    std::uint64_t page;
    std::uint32_t slot;
    std::uint64_t value;

    std::uint64_t physical() const { return page + slot * sizeof(std::uint64_t); }
    std::uint64_t* entry() const { return &pte::table_at(page)[slot]; }
    /// A block of `size` bytes in the user half that has the entry.
    std::uint64_t* block(std::uint32_t size) const {
        return linear_pointer<std::uint64_t>(physical() & ~(std::uint64_t{size} - 1));
    }
};

using Store = void (*)(const Change& change);

void plain(const Change& change) {
    *static_cast<volatile std::uint64_t*>(change.entry()) = change.value;
}

void exchange(const Change& change) {
    asm volatile("lock xchgq %0, (%1)" : : "r"(change.value), "r"(change.entry()) : "memory");
}

void set_pxe(const Change& change) {
    if (paravirt::bound())
        (void)paravirt::vmcall(abi::Call::set_pxe, change.value, change.physical(), 0);
}

void update_pxe(const Change& change) {
    plain(change);
    if (paravirt::bound())
        (void)paravirt::vmcall(abi::Call::update_pxe, change.physical(), 0);
}

void queue_set_pxe(const Change& change) {
    if (!paravirt::bound())
        return;
    const volatile abi::RingHeader& ring = paravirt::vcpu_area().control.ring;
    hostile::forge_entry(static_cast<std::uint64_t>(abi::Call::set_pxe), change.value,
                         change.physical(), 0);
    if (ring.tail - ring.head == abi::ring_capacity)
        (void)hostile::drain();
}

/// All entries from this one to the end of the page table become the same.
void repeat(const Change& change) {
    constexpr std::uint32_t half = 256; // the user half, in a root
    std::uint64_t* entry = change.entry();
    std::uint64_t count = half - change.slot % half;
    asm volatile("rep stosq" : "+D"(entry), "+c"(count) : "a"(change.value) : "memory");
}

/// A copy of half a page table over another half.
void copy(const Change& change) {
    constexpr std::uint32_t half = 2048;
    std::uint64_t* to = change.block(half);
    const std::uint64_t* from = linear_pointer<std::uint64_t>(objects::hot_page(0));
    std::uint64_t count = half / sizeof(std::uint64_t);
    asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

void vector(const Change& change) {
    asm volatile("clts\n\t"
                 "movq %0, %%xmm0\n\t"
                 "punpcklqdq %%xmm0, %%xmm0\n\t"
                 "movdqa %%xmm0, (%1)"
                 :
                 : "r"(change.value), "r"(change.block(16))
                 : "memory");
}

void save_fpu(const Change& change) {
    asm volatile("clts\n\t"
                 "movq %0, %%xmm0\n\t"
                 "fxsave64 (%1)"
                 :
                 : "r"(change.value), "r"(change.block(512))
                 : "memory");
}

struct StoreKind {
    std::string_view name;
    Store store;
    std::uint32_t limit; ///< of the count
};
constexpr StoreKind store_kinds[]{
    {"plain", plain, 4096},         {"plain", plain, 4096},
    {"SetPxE", set_pxe, 4096},      {"SetPxE-ring", queue_set_pxe, 4096},
    {"UpdatePxE", update_pxe, 512}, {"XCHG", exchange, 512},
    {"REP-STOS", repeat, 64},       {"REP-MOVS", copy, 64},
    {"MOVDQA", vector, 512},        {"FXSAVE", save_fpu, 64},
};

const StoreKind& store_of(const Step& step) {
    return store_kinds[(step.variation / 32U + step.first() % 2 * 8) % std::size(store_kinds)];
}

} // namespace

std::string_view name_of_store(const Step& step) { return store_of(step).name; }

/// Consecutive entries, from one page table into the next; or one entry of each page table.
void store_entries(const Step& step) {
    const StoreKind& kind = store_of(step);
    const Filling filling = step.filling();
    const bool across = (step.first() & 2) != 0;
    const std::uint32_t slots = own_entries(filling.level);
    const std::uint32_t count = step.count(kind.limit);
    if (objects::tables(filling.level) == 0)
        return;
    for (std::uint32_t number = 0; number < count && !out_of_time(); ++number) {
        const std::uint32_t table = across ? number : step.first() + number / slots;
        const std::uint32_t slot = across ? step.first() : number % slots;
        Change change{objects::recent_table(filling.level, table), slot, 0};
        change.value = entry_value(filling, change.page, table, slot);
        (void)hostile::caught([&] { kind.store(change); });
    }
    if (paravirt::bound())
        (void)hostile::drain();
}

} // namespace guest::longest_exit
