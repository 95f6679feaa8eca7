// Batches of page-table calls: how one entry affects the next, and what remains when one is
// refused.

#include "guest/hostile/attacks.h"
#include "guest/hostile/monitor_calls.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/operations.h"
#include "shared/page_table_calls.h"

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;

constexpr std::uint64_t linear = 0x30000000; ///< in the user half; nothing is mapped there
constexpr std::uint32_t slot = pte::index_of(linear, 1);

/// An address space with a page directory for `linear`, two page tables, and two pages of data that
/// hold their own addresses.
class Scene {
  public:
    Scene() : space_(address_spaces::create(1)) {
        TableWalk walk(space_.root);
        directory_ = walk.make_table_entry(linear, 2);
        for (std::uint64_t& page : page_) {
            page = pages::allocate();
            *linear_pointer<std::uint64_t>(page) = page;
        }
        address_spaces::load(space_.root);
    }
    ~Scene() {
        address_spaces::load(address_spaces::kernel().root);
        address_spaces::destroy(space_);
        for (const std::uint64_t page : page_)
            pages::release(page);
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    std::uint64_t* directory() const { return directory_; }
    std::uint64_t page(std::uint32_t number) const { return page_[number]; }
    /// Which of the pages is mapped.
    static std::uint64_t mapped() {
        std::uint64_t found = 0;
        return try_read(linear, found) ? found : 0;
    }

  private:
    AddressSpace space_;
    std::uint64_t* directory_;
    std::uint64_t page_[2];
};

/// Maps the first page in `old_table`, exchanges the tables, maps the second page in the new one.
std::uint32_t map_swap_map(const Scene& scene, std::uint64_t old_table, std::uint64_t new_table) {
    paravirt::set_lazy_mode(abi::LazyMode::mmu);
    paravirt::set_pxe(scene.page(0) | pte::read_write, &pte::table_at(old_table)[slot]);
    paravirt::set_pxe(new_table | pte::to_table, scene.directory());
    paravirt::set_pxe(scene.page(1) | pte::read_write, &pte::table_at(new_table)[slot]);
    return paravirt::set_lazy_mode_checked(abi::LazyMode::none);
}

void map_swap_map_attack(Attempt& attempt) {
    const Scene scene;
    std::uint64_t tables[]{page_tables::allocate(1), page_tables::allocate(1)};
    paravirt::set_pxe(tables[0] | pte::to_table, scene.directory());
    for (std::uint32_t round = 0; round < 4; ++round) {
        attempt.told(map_swap_map(scene, tables[0], tables[1]), Error::none);
        attempt.expect(Scene::mapped() == scene.page(1), "the second page is mapped");
        attempt.expect((pte::table_at(tables[0])[slot] & pte::address_mask) == scene.page(0),
                       "the old table has the first page");
        std::swap(tables[0], tables[1]);
        paravirt::set_pxe(scene.page(0) | pte::read_write, &pte::table_at(tables[0])[slot]);
        attempt.expect(Scene::mapped() == scene.page(0), "the first page is mapped");
    }
    attempt.counted(counter::refused, 0);
    paravirt::set_pxe(0, scene.directory());
    for (const std::uint64_t table : tables) {
        paravirt::release_page(table / page_size, abi::page_flags::pt);
        pages::release(table);
    }
}

std::uint64_t allocate(std::uint64_t page) {
    return vmcall(Call::allocate_page, page / page_size, 0, abi::page_flags::pt);
}
std::uint64_t release(std::uint64_t page) { return vmcall(Call::release_page, page / page_size); }

constexpr std::uint32_t steps = 5;

void forge_step(const Scene& scene, std::uint64_t table, std::uint32_t step) {
    const std::uint64_t directory = to_physical(address_of(scene.directory()));
    switch (step) {
    case 0:
        return forge_entry(static_cast<std::uint64_t>(Call::allocate_page), table / page_size, 0,
                           abi::page_flags::pt);
    case 1:
        return forge_entry(static_cast<std::uint64_t>(Call::set_pxe), table | pte::to_table,
                           directory);
    case 2:
        return forge_entry(static_cast<std::uint64_t>(Call::set_pxe),
                           scene.page(0) | pte::read_write, table + slot * sizeof(std::uint64_t));
    case 3:
        return forge_entry(static_cast<std::uint64_t>(Call::set_pxe), 0, directory);
    default:
        return forge_entry(static_cast<std::uint64_t>(Call::release_page), table / page_size);
    }
}

/// Compares the page table with what a model says after `stop` steps.
void check_state(Attempt& attempt, const Scene& scene, std::uint64_t table, std::uint32_t stop) {
    const bool registered = stop >= 1 && stop < steps;
    const bool linked = stop == 2 || stop == 3;
    attempt.expect((Scene::mapped() == scene.page(0)) == (stop == 3), "mapped as far as it got");
    attempt.told(allocate(table), registered ? Error::already_a_table : Error::none);
    if (linked) {
        attempt.told(release(table), Error::table_in_use);
        paravirt::set_pxe(0, scene.directory());
    }
    attempt.told(release(table), Error::none);
    attempt.told(release(table), Error::not_a_table);
    attempt.expect(try_write(to_linear(table), 0), "the page is the guest's again");
}

void stopped(Attempt& attempt) {
    const Scene scene;
    for (std::uint32_t stop = 0; stop < steps; ++stop) {
        const std::uint64_t table = pages::allocate();
        const std::uint64_t drained = count_of(counter::drained);
        for (std::uint32_t step = 0; step < steps; ++step) {
            if (step == stop)
                forge_entry(static_cast<std::uint64_t>(Call::set_pxe), 0, monitors_memory());
            forge_step(scene, table, step);
        }
        attempt.told(drain(), Error::bad_frame);
        attempt.expect(count_of(counter::drained) - drained == stop, "each entry ran once");
        check_state(attempt, scene, table, stop);
        pages::release(table);
    }
    attempt.counted(counter::discarded, 5 + 4 + 3 + 2 + 1);
    attempt.counted(counter::refused, 5 + 5 + 4 + 2);
}

void bad_last_entry(Attempt& attempt) {
    const std::uint64_t linked = page_tables::allocate(1);
    const std::uint64_t directory = pages::allocate();
    for (std::uint32_t i = 0; i + 1 < pte::entries; ++i)
        pte::table_at(directory)[i] = linked | pte::to_table;
    pte::table_at(directory)[pte::entries - 1] = monitors_memory() | pte::to_table;
    attempt.told(vmcall(Call::allocate_page, directory / page_size, 0, abi::page_flags::pd),
                 Error::bad_frame);
    attempt.told(release(directory), Error::not_a_table);
    attempt.told(release(linked), Error::none);
    attempt.expect(try_write(to_linear(directory), 0), "the page is the guest's");
    attempt.counted(counter::refused, 2);
    pages::release(directory);
    pages::release(linked);
}

constexpr AttackCode codes[]{
    {"batch-map-swap-map", map_swap_map_attack},
    {"batch-stopped", stopped},
    {"batch-bad-last-entry", bad_last_entry},
};

} // namespace

std::span<const AttackCode> batch_attacks() { return codes; }

} // namespace guest::hostile
