// What the last entry of a page walk may map.

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

namespace guest::hostile {
namespace {

using abi::Call;
using abi::Error;

constexpr std::uint32_t gp = interrupts::general_protection;
constexpr std::uint64_t linear = 0x30000000; ///< in the user half; nothing is mapped there

/// A registered page table with one page mapped at `linear`.
class Scene {
  public:
    Scene() : space_(address_spaces::create(1)) {
        page_ = pages::allocate();
        TableWalk walk(space_.root);
        entry_ = walk.make_entry(linear);
        page_tables::write(entry_, page_ | pte::read_write);
        address_spaces::load(space_.root);
    }
    ~Scene() {
        page_tables::write(entry_, 0);
        address_spaces::load(address_spaces::kernel().root);
        address_spaces::destroy(space_);
        pages::release(page_);
    }
    Scene(const Scene&) = delete;
    Scene& operator=(const Scene&) = delete;

    std::uint64_t* entry() const { return entry_; }
    std::uint64_t page() const { return page_; }
    std::uint64_t entry_address() const { return to_physical(address_of(entry_)); }

  private:
    AddressSpace space_;
    std::uint64_t page_;
    std::uint64_t* entry_;
};

/// Expects a leaf to be refused, by a call and by a store to the page table.
void refuse_leaf(Attempt& attempt, const Scene& scene, std::uint64_t value, Error expected) {
    const Refusal refusal[]{{Call::set_pxe, {value, scene.entry_address()}, expected}};
    expect_refusals(attempt, refusal);
    auto* const entry = scene.entry();
    attempt.told(caught([=] { *static_cast<volatile std::uint64_t*>(entry) = value; }), gp);
    attempt.expect((*static_cast<volatile std::uint64_t*>(entry) & pte::address_mask) ==
                       scene.page(),
                   "the entry stays");
}

void forbidden_leaves(Attempt& attempt, const Scene& scene) {
    refuse_leaf(attempt, scene, monitors_memory() | pte::read_only, Error::bad_frame);
    refuse_leaf(attempt, scene, monitors_memory() | pte::read_write | pte::user, Error::bad_frame);
    if (machine().profile == abi::Profile::hardened)
        refuse_leaf(attempt, scene, scene.page() | pte::present | pte::writable,
                    Error::writable_code);
    // Entries of the page tables that map the kernel: a mapping of the descriptor tables, and one
    // with fewer access rights.
    std::uint64_t* const kept = page_tables::find(this_cpu().root, address_of(this_cpu().gdt));
    const Refusal elsewhere[]{{Call::set_pxe,
                               {scene.page() | pte::read_write, to_physical(address_of(kept))},
                               Error::kept_mapping}};
    expect_refusals(attempt, elsewhere);
    if (machine().profile == abi::Profile::hardened) {
        const std::uint64_t directory = page_tables::allocate(2);
        const std::uint64_t table = page_tables::allocate(1);
        const Refusal rights[]{
            {Call::set_pxe, {table | pte::present, directory}, Error::table_rights},
            {Call::set_pxe, {scene.page() | pte::to_table, directory}, Error::not_a_table}};
        expect_refusals(attempt, rights);
        attempt.told(vmcall(Call::release_page, table / page_size), Error::none);
        attempt.told(vmcall(Call::release_page, directory / page_size), Error::none);
        pages::release(table);
        pages::release(directory);
    }
}

/// Not every page that an entry may map may also be written, and no memory of the monitor may be
/// read.
void allowed_leaves(Attempt& attempt, const Scene& scene) {
    const std::uint64_t own_table = scene.entry_address() & ~(page_size - 1);
    page_tables::write(scene.entry(), own_table | pte::read_write);
    paravirt::inval_page(linear);
    const std::uint64_t own_entry = linear + scene.entry_address() % page_size;
    std::uint64_t found = 0;
    attempt.expect(try_read(own_entry, found) && (found & pte::address_mask) == own_table,
                   "a table may be read through itself");
    attempt.expect(!try_write(own_entry, monitors_memory() | pte::read_write) ||
                       !monitor_owns_tables(),
                   "but what is stored is judged");
    attempt.expect(try_write(own_entry, scene.page() | pte::read_write), "and done if it is good");
    paravirt::inval_page(linear);
    attempt.expect(try_read(linear, found) && found == 0, "so that the page is mapped again");
    constexpr std::uint64_t local_apic = 0xFEE00000;
    page_tables::write(scene.entry(), local_apic | pte::read_write);
    paravirt::inval_page(linear);
    constexpr std::uint64_t identifier = 0x20; // a register, read by 4 bytes
    attempt.told(caught([] {
                     std::uint32_t ignored = 0;
                     asm volatile("movl (%1), %0" : "=r"(ignored) : "r"(linear + identifier));
                 }),
                 no_exception);
    page_tables::write(scene.entry(), scene.page() | pte::read_write);
    paravirt::inval_page(linear);
}

void forbidden_pages(Attempt& attempt) {
    const Scene scene;
    const std::uint64_t errors = this_cpu().lazy_mode_errors;
    allowed_leaves(attempt, scene);
    attempt.expect(this_cpu().lazy_mode_errors == errors, "what is allowed is not refused");
    if (monitor_owns_tables())
        return forbidden_leaves(attempt, scene);
    // The guest's page tables may map anything; EPT does not map this page.
    *scene.entry() = monitors_memory() | pte::read_write;
    paravirt::inval_page(linear);
    const auto* const monitor = reinterpret_cast<const volatile std::uint64_t*>(linear);
    attempt.told(caught([monitor] { (void)*monitor; }), gp);
    attempt.counted(counter::refused_accesses, 1);
    *scene.entry() = scene.page() | pte::read_write;
    paravirt::inval_page(linear);
}

constexpr AttackCode codes[]{{"forbidden-pages", forbidden_pages}};

} // namespace

std::span<const AttackCode> leaf_attacks() { return codes; }

} // namespace guest::hostile
