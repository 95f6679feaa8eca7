// What the kernel asks for, and what the rules say to it.

#include "tests/unit/fake/guests/hardened_guest.h"

#include "hypervisor/exits/exit_handlers.h"
#include "shared/page_table_calls.h"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>
#include <utility>

namespace hv::test {

namespace {

constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;
constexpr std::uint64_t address = 0x000F'FFFF'FFFF'F000;
constexpr std::uint64_t used = 0x60;

constexpr bool leads(std::uint8_t level, std::uint64_t entry) {
    return level > 1 && (entry & 1) != 0 && (level == 4 || (entry & 0x80) == 0);
}

} // namespace

// One table of each level for the kernel, and one more of level 1 for the pool; then the first
// root.
std::uint64_t HardenedGuest::build_kernel() {
    std::uint64_t tables[6]{};
    for (std::uint64_t& table : tables)
        table = machine_.take_guest_page();
    for (std::uint64_t slot = 0; slot < 512; ++slot) {
        machine_.word(tables[1] + slot * 8) = slot * page_size | 3 | used | execute_disable;
        machine_.word(tables[5] + slot * 8) =
            (pool_begin + slot * page_size) | 3 | used | execute_disable;
    }
    machine_.word(tables[1] + code_page / page_size * 8) = code_page | 1 | used;
    machine_.word(tables[2]) = tables[1] | 7 | used;
    machine_.word(tables[2] + pool_begin / 0x200000 * 8) = tables[5] | 7 | used;
    machine_.word(tables[3] + 510 * 8) = tables[2] | 7 | used;
    machine_.word(pool_begin + 511 * 8) = tables[3] | 7 | used;
    const std::uint8_t code[]{0x48, 0x89, 0x17}; // mov %rdx,(%rdi)
    std::memcpy(direct_pointer(code_page), std::data(code), std::size(code));
    machine_.fields[Field::guest_cs_access_rights] = 0xA09B;
    machine_.fields[Field::guest_ss_access_rights] = 0xC093;
    RegisteredTables& registered = machine_.machine().page_tables;
    const std::pair<std::uint64_t, std::uint64_t> order[]{
        {tables[1], 1}, {tables[5], 1}, {tables[2], 2}, {tables[3], 4}, {pool_begin, 8}};
    for (const auto& [table, level] : order)
        EXPECT_EQ(
            registered.allocate(table / page_size, 0, abi::AllocateOptions::make(level, 0, 0)),
            abi::Error::none);
    level_[0] = 4;
    return tables[3];
}

HardenedGuest::HardenedGuest(std::uint64_t seed)
    : random_{seed}, kernel_tables_{build_kernel()}, mmu_{direct_pointer(0), fake_ram_size} {
    machine_.vcpu().registers.rax = static_cast<std::uint64_t>(abi::Call::set_cr3);
    machine_.vcpu().registers.rdi = pool_begin;
    EXPECT_TRUE(exit(abi::ExitReason::vmcall));
    EXPECT_EQ(machine_.vcpu().registers.rax, 0U);
    machine_.fields[Field::guest_cr4] |= 1 << 7; // PGE
    mmu_.modes.global_pages = true;
    mmu_.load_root(pool_begin);
    mmu_.invalidate_all();
}

bool HardenedGuest::complain(const std::string& what) {
    std::ostringstream text;
    text << what << " (operation " << operations_ << ")\n" << machine_.console;
    complaint = text.str();
    return false;
}

std::uint64_t HardenedGuest::any_linear() {
    return std::uint64_t{random_.below(3)} << 39 | std::uint64_t{random_.below(2)} << 30 |
           std::uint64_t{random_.below(3)} << 21 | std::uint64_t{random_.below(4)} << 12 |
           random_.below(6) * 8;
}

// For the entry at `gpa`: often one that is right there.
std::uint64_t HardenedGuest::any_entry(std::uint64_t gpa) {
    const std::uint8_t level = level_of(gpa);
    if (level > 1 && random_.chance(60))
        for (int attempt = 0; attempt < 20; ++attempt)
            if (const std::uint64_t frame = any_frame(); level_of(frame) == level - 1)
                return frame | 7 | (random_.chance(50) ? used : 0);
    if (random_.chance(15))
        return random_.next() << 1;
    const std::uint64_t frame = random_.chance(92)   ? any_frame()
                                : random_.chance(50) ? fake_ram_size
                                : random_.chance(50) ? 0xB8000
                                                     : std::uint64_t{1} << 45;
    if (random_.chance(60))
        return frame | 7 | (random_.chance(50) ? used : 0);
    return frame | 1 | (random_.next() & 0x166) | (random_.chance(50) ? execute_disable : 0) |
           (random_.chance(10) ? 0x80 : 0);
}

std::uint8_t HardenedGuest::level_of(std::uint64_t gpa) const {
    const std::uint64_t index = (gpa - pool_begin) / page_size;
    if (gpa >= pool_begin && index < pool_frames)
        return level_[index];
    return (gpa & address) == kernel_tables_ ? 3 : 0;
}

bool HardenedGuest::forbidden(std::uint8_t level, std::uint64_t entry) const {
    if ((entry & 1) == 0)
        return false;
    const std::uint64_t size = std::uint64_t{0x1000} << 9 * (level - 1);
    const bool large = level > 1 && (entry & 0x80) != 0;
    std::uint64_t reserved = address & ~((std::uint64_t{1} << 40) - 1);
    if (level == 4)
        reserved |= 0x80;
    else if (large)
        reserved |= (size - 1) & ~std::uint64_t{0x1FFF};
    constexpr std::uint64_t rights = 6 | execute_disable;
    if ((entry & reserved) != 0)
        return true;
    if (leads(level, entry))
        return level_of(entry & address) != level - 1 || (entry & rights) != 6;
    const std::uint64_t begin = entry & address & ~(size - 1);
    return begin + size > fake_memory_end ||
           (begin < fake_memory_size && begin + size > fake_ram_size) || (entry & rights) == 2;
}

// The processor drops what INVVPID says; what it may keep, the reference knows.
bool HardenedGuest::exit(abi::ExitReason reason) {
    machine_.fields[Field::exit_reason] = static_cast<std::uint64_t>(reason);
    machine_.fields[Field::vm_exit_instruction_length] = 3;
    machine_.fields[Field::vm_entry_interruption_information] = 0;
    machine_.fields[Field::guest_rip] = Machine::linear_base + code_page;
    machine_.invalidations.clear();
    handle_vm_exit(machine_.vcpu().registers);
    for (const Invalidated& invalidated : machine_.invalidations)
        if (invalidated.by == Invalidated::By::invvpid)
            std::erase_if(cached_, [&](const auto& row) {
                return invalidated.type != 3 || !row.second.global;
            });
    return true;
}

bool HardenedGuest::call(abi::Call number, std::uint64_t first, std::uint64_t second,
                         std::uint64_t third, bool expected) {
    GuestRegisters& registers = machine_.vcpu().registers;
    registers.rax = static_cast<std::uint64_t>(number);
    registers.rdi = first;
    registers.rsi = second;
    registers.rdx = third;
    exit(abi::ExitReason::vmcall);
    refused += registers.rax != 0 ? 1U : 0U;
    if ((registers.rax == 0) == expected)
        return true;
    std::ostringstream text;
    text << "call " << static_cast<int>(number) << std::hex << " 0x" << first << " 0x" << second
         << " ended with " << registers.rax;
    return complain(text.str());
}

bool HardenedGuest::set_entry() {
    const std::uint64_t gpa = any_frame() + random_.below(6) * 8;
    const std::uint64_t value = any_entry(gpa);
    const bool defer = random_.chance(40);
    const bool expected = level_of(gpa) == 0 || !forbidden(level_of(gpa), value);
    if (!call(abi::Call::set_pxe, value, gpa, defer ? abi::update_flags::defer : 0, expected))
        return false;
    if (expected)
        mmu_.store(gpa, value, !defer);
    if (machine_.word(gpa) != mmu_.word(gpa))
        return complain("an entry is not what was asked for");
    return !random_.chance(20) || flush();
}

// FlushTLB is the ROM's own business here: CR4.PGE is toggled without an exit, and nothing is left.
bool HardenedGuest::flush() {
    cached_.clear();
    mmu_.invalidate_all();
    machine_.area().control.stale_translations = 0;
    return true;
}

bool HardenedGuest::allocate() {
    const std::uint64_t page = any_frame();
    const auto level = static_cast<std::uint8_t>(1 + random_.below(4));
    bool expected = level_of(page) == 0;
    if (expected && random_.chance(60))
        for (const std::uint64_t slot : {0U, 1U, 2U, 3U, 4U, 5U, 511U}) {
            if (!call(abi::Call::set_pxe, 0, page + slot * 8, 0, true))
                return false;
            mmu_.store(page + slot * 8, 0, true);
        }
    for (std::uint64_t slot = 0; expected && slot < 512; ++slot)
        expected = !forbidden(level, mmu_.word(page + slot * 8));
    if (!call(abi::Call::allocate_page, page / page_size, 0, abi::page_level_flag(level), expected))
        return false;
    if (expected) {
        ++registrations;
        level_[(page - pool_begin) / page_size] = level;
    }
    return true;
}

bool HardenedGuest::release() {
    const std::uint64_t page = any_frame();
    bool linked = false;
    for (std::uint32_t index = 0; index < pool_frames; ++index)
        for (std::uint64_t slot = 0; level_[index] > 1 && slot < 512; ++slot) {
            const std::uint64_t entry = mmu_.word(pool_begin + index * page_size + slot * 8);
            linked = linked || (leads(level_[index], entry) && (entry & address) == page);
        }
    const bool expected = level_of(page) != 0 && !linked && mmu_.root() != page;
    if (!call(abi::Call::release_page, page / page_size, 0, 0, expected))
        return false;
    if (expected)
        level_[(page - pool_begin) / page_size] = 0;
    return true;
}

bool HardenedGuest::load_root() {
    const std::uint64_t root = any_frame();
    const std::uint64_t last = root + 511 * 8;
    // Made a root, if it is none yet and the rules allow it.
    if (level_of(root) == 0 && mmu_.word(last) == 0) {
        if (!call(abi::Call::set_pxe, kernel_tables_ | 7 | used, last, 0, true))
            return false;
        mmu_.store(last, kernel_tables_ | 7 | used);
    }
    const bool expected = level_of(root) == 4 && mmu_.word(last) == (kernel_tables_ | 7 | used);
    if (!call(abi::Call::set_cr3, root, 0, 0, expected))
        return false;
    if (expected)
        mmu_.load_root(root);
    return true;
}

bool HardenedGuest::look_at_tables() {
    for (std::uint32_t index = 0; index < pool_frames; ++index) {
        const std::uint64_t page = pool_begin + index * page_size;
        const Frame& frame = *machine_.machine().frames.of_address(page);
        const bool writable = (machine_.machine().ept.leaf(page) & 2) != 0;
        if (frame.level != level_[index] || writable != (level_[index] == 0))
            return complain("a frame is registered or protected otherwise than the guest knows");
        for (std::uint64_t slot = 0; slot < 512; ++slot) {
            if (machine_.word(page + slot * 8) != mmu_.word(page + slot * 8))
                return complain("memory has changed by itself");
            if (level_[index] != 0 && forbidden(level_[index], mmu_.word(page + slot * 8)))
                return complain("a registered table has an entry that the rules forbid");
        }
    }
    return true;
}

bool HardenedGuest::step(bool look) {
    ++operations_;
    machine_.console.clear();
    machine_.vcpu().refusals_named = 0;
    if (look && !look_at_tables())
        return false;
    const std::uint32_t what = random_.below(100);
    if (what < 30)
        return set_entry();
    if (what < 38)
        return allocate();
    if (what < 41)
        return release();
    if (what < 44)
        return load_root();
    if (what < 60) {
        const std::uint64_t gpa = any_frame() + random_.below(6) * 8;
        return access(Machine::linear_base + gpa, {.write = true}, any_entry(gpa));
    }
    Access how{.write = random_.chance(40), .user = random_.chance(40)};
    how.fetch = !how.write && random_.chance(20);
    const std::uint64_t linear = any_linear();
    return access(linear, how, any_entry(linear));
}

} // namespace hv::test
