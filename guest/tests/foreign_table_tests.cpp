// Processor 1 attacks page tables on which processor 0 runs: it must not be able to release them,
// nor to map the monitor's memory in them. Then one processor releases a root again and again while
// the other loads it: each time one of the two must be refused.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/cpu/lock.h"
#include "guest/kernel/cpu/processors.h"
#include "guest/kernel/memory/address_space.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/memory_probe.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/page_table_calls.h"

namespace guest::tests {
namespace {

using abi::Error;

constexpr std::uint64_t releases = 300;

struct Scene {
    AddressSpace space;
    std::uint64_t not_refused;
    std::uint64_t released;
    std::uint64_t in_use;
    std::uint64_t loaded;
    std::uint64_t wrong; ///< wrong results of loads and releases
    std::atomic<bool> over;
};
Scene scene;

std::uint32_t release(std::uint64_t table, std::uint32_t level) {
    return paravirt::release_page_checked(table / page_size, abi::page_level_flag(level));
}

bool is(std::uint32_t found, Error expected) {
    return found == static_cast<std::uint32_t>(expected);
}

/// Tries to release all four paging structures that map a page which is in use all the time.
std::uint64_t release_tables_on_the_way() {
    std::uint64_t done = 0;
    std::uint64_t table = scene.space.root;
    for (std::uint32_t level = pte::levels; level > 0; --level) {
        done += is(release(table, level), Error::table_in_use) ? 0U : 1U;
        table = pte::table_at(table)[pte::index_of(user_image_base, level)] & pte::address_mask;
    }
    return done;
}

/// Tries to map the monitor's memory, by a call and by a store.
std::uint64_t map_monitors_memory() {
    std::uint64_t* const entry = page_tables::find(scene.space.root, user_tls_page);
    const std::uint64_t value =
        start_information::largest_reserved_range().address | pte::read_write | pte::user;
    std::uint64_t done = is(paravirt::set_pxe_checked(value, entry), Error::bad_frame) ? 0U : 1U;
    done += try_write(address_of(entry), value) ? 1U : 0U;
    done += *static_cast<const volatile std::uint64_t*>(entry) == value ? 1U : 0U;
    return done;
}

void attack_tables_in_use(Cpu& cpu) {
    if (cpu.number == 0)
        address_spaces::load(scene.space.root);
    processors::barrier(processors::count());
    if (cpu.number == 1)
        scene.not_refused = release_tables_on_the_way() + map_monitors_memory();
    processors::barrier(processors::count());
    if (cpu.number == 0)
        address_spaces::load(address_spaces::kernel().root);
}

/// Waits for a time that varies. Otherwise the two processors would run in lockstep, for each waits
/// for the monitor's lock in turn, and one might always release when the other has just loaded.
void wait_moments(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
        wait_a_moment();
}

/// A page that is no longer a page table may be written until it is registered again.
void release_once() {
    const std::uint32_t error = release(scene.space.root, pte::levels);
    if (is(error, Error::table_in_use)) {
        ++scene.in_use;
        return;
    }
    std::uint64_t* const first = pte::table_at(scene.space.root);
    const std::uint64_t kept = *static_cast<const volatile std::uint64_t*>(first);
    scene.wrong += is(error, Error::none) && try_write(address_of(first), 0) ? 0U : 1U;
    wait_moments(20);
    scene.wrong += try_write(address_of(first), kept) ? 0U : 1U;
    const std::uint64_t before = this_cpu().lazy_mode_errors;
    page_tables::adopt(scene.space.root, pte::levels);
    scene.wrong += this_cpu().lazy_mode_errors - before;
    ++scene.released;
}

/// Loads the root, uses it if it was loaded, and leaves it.
void load_once() {
    const std::uint64_t kernel_root = address_spaces::kernel().root;
    paravirt::set_cr3(scene.space.root);
    const std::uint64_t root = paravirt::get_cr3();
    std::uint64_t ignored = 0;
    if (root == scene.space.root) {
        ++scene.loaded;
        // Where a root must be registered, a root that was loaded must be complete.
        if (!try_read(user_tls_page, ignored) && machine().profile == abi::Profile::hardened)
            ++scene.wrong;
    } else if (root != kernel_root) {
        ++scene.wrong;
    }
    paravirt::set_cr3(kernel_root);
}

void race(Cpu& cpu) {
    processors::barrier(processors::count());
    if (cpu.number == 0) {
        for (std::uint64_t i = 0; !scene.over; ++i) {
            load_once();
            wait_moments(i % 29 * 8);
        }
    }
    if (cpu.number != 1)
        return;
    for (std::uint64_t i = 0; i < releases; ++i) {
        release_once();
        wait_moments(i % 23 * 8);
    }
    scene.over = true;
}

} // namespace

void test_foreign_tables() {
    if (paravirt::ask(abi::Call::release_page).type != abi::RelocationType::call_rel)
        return skipped("smp-foreign-tables", "nobody owns the page tables");
    scene.space = address_spaces::create(1);
    scene.not_refused = 0;
    processors::run_on_all(attack_tables_in_use);
    if (scene.not_refused == 0)
        passed("smp-foreign-tables");
    else
        failed("smp-foreign-tables", scene.not_refused, " attacks not refused as they must be");
    scene.released = 0;
    scene.in_use = 0;
    scene.loaded = 0;
    scene.wrong = 0;
    scene.over = false;
    processors::run_on_all(race);
    if (scene.wrong == 0 && scene.released != 0 && scene.in_use != 0 && scene.loaded != 0)
        passed("smp-release-while-loaded");
    else
        failed("smp-release-while-loaded", scene.wrong, " wrong, ", scene.released, " released, ",
               scene.in_use, " in use, ", scene.loaded, " loads");
    address_spaces::destroy(scene.space);
}

} // namespace guest::tests
