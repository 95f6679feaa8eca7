// What a monitor that owns the page tables must not let through.

#include "guest/kernel/boot/machine.h"
#include "guest/kernel/boot/start_information.h"
#include "guest/kernel/memory/address_range.h"
#include "guest/kernel/memory/page_allocator.h"
#include "guest/kernel/memory/page_tables.h"
#include "guest/kernel/paravirt/binding.h"
#include "guest/kernel/paravirt/operations.h"
#include "guest/tests/self_tests.h"
#include "guest/tests/test_report.h"
#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/guest_physical_layout.h"
#include "shared/page_table_calls.h"

namespace guest::tests {
namespace {

namespace page_flags = abi::page_flags;
using abi::Error;

std::uint64_t frame_of(std::uint64_t physical) { return physical / page_size; }

void expect_error(std::string_view name, std::uint32_t found, Error expected) {
    if (found == static_cast<std::uint32_t>(expected))
        passed(name);
    else
        failed(name, "error ", found, " instead of ", static_cast<std::uint32_t>(expected), " (",
               abi::name(expected), ")");
}

void expect_refused_frame(std::string_view name, std::uint64_t physical) {
    expect_error(name, paravirt::allocate_page_checked(frame_of(physical), page_flags::pt, 0, 0, 0),
                 Error::bad_frame);
}

/// A page directory with an entry that references itself would be a page table as well.
void test_loop() {
    const std::uint64_t table = page_tables::allocate(2);
    std::uint64_t* const entry = pte::table_at(table);
    expect_error("refused-table-loop", paravirt::set_pxe_checked(table | pte::to_table, entry),
                 Error::table_loop);
    paravirt::set_pxe(0, entry);
    paravirt::release_page(frame_of(table), page_flags::pd);
    pages::release(table);
}

void test_releases(const AddressSpace& space) {
    // A linked page table: the one that maps the ring-3 image.
    const std::uint64_t table =
        to_physical(address_of(page_tables::find(space.root, user_image_base))) & ~(page_size - 1);
    expect_error("refused-release-of-linked-table",
                 paravirt::release_page_checked(frame_of(table), page_flags::pt),
                 Error::table_in_use);
    address_spaces::load(space.root);
    expect_error("refused-release-of-root",
                 paravirt::release_page_checked(frame_of(space.root), page_flags::pml4),
                 Error::table_in_use);
    address_spaces::load(address_spaces::kernel().root);
}

void test_clone() {
    const std::uint64_t page = pages::allocate();
    expect_error("refused-clone-out-of-range",
                 paravirt::allocate_page_checked(
                     frame_of(page), page_flags::pml4 | page_flags::clone,
                     frame_of(address_spaces::kernel().root), pte::first_kernel_entry,
                     pte::entries - pte::first_kernel_entry + 1),
                 Error::clone_out_of_range);
    pages::release(page);
}

void test_writable_code(const AddressSpace& space) {
    if (machine().profile != abi::Profile::hardened)
        return skipped("refused-writable-code", "only on hardened");
    const std::uint64_t page = pages::allocate();
    address_ranges::map(space, user_scratch_page, 1, Frames(&page, 1), PageAccess::read_only);
    std::uint64_t* const entry = page_tables::find(space.root, user_scratch_page);
    constexpr std::uint64_t writable_code =
        pte::present | pte::writable | pte::accessed | pte::dirty;
    expect_error("refused-writable-code", paravirt::set_pxe_checked(page | writable_code, entry),
                 Error::writable_code);
    address_ranges::unmap(space, user_scratch_page, 1);
    pages::release(page);
}

} // namespace

void test_page_table_refusals() {
    if (paravirt::ask(abi::Call::allocate_page).type != abi::RelocationType::call_rel)
        return skipped("page-table-refusals", "nobody owns the page tables");
    AddressSpace space = address_spaces::create(1);
    expect_refused_frame("refused-monitor-frame",
                         start_information::largest_reserved_range().address);
    expect_refused_frame("refused-vcpu-area-frame", abi::vcpu_area_base);
    expect_refused_frame("refused-rom-frame", abi::rom_base);
    test_loop();
    test_releases(space);
    test_clone();
    test_writable_code(space);
    address_spaces::destroy(space);
}

} // namespace guest::tests
