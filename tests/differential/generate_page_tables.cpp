// Operations on page tables and roots.

#include "shared/page_table_calls.h"
#include "shared/processors.h"
#include "tests/differential/generator.h"

namespace differential {

using abi::Call;
namespace page_flags = abi::page_flags;
namespace update_flags = abi::update_flags;

namespace {

constexpr std::uint64_t execute_disable = std::uint64_t{1} << 63;
constexpr std::uint64_t table_rights = 7;
constexpr std::uint64_t address_mask = 0x000F'FFFF'FFFF'F000;

} // namespace

// One that the processor reads for some page of the user's.
std::uint64_t Generator::entry_on_the_way() {
    const std::uint64_t linear = user_address(below(user_pages));
    std::uint64_t table = loaded().root;
    std::uint64_t gpa = 0;
    const std::uint32_t last = 1 + below(4);
    for (std::uint32_t level = 4; level >= last && is_in_pool(table); --level) {
        gpa = table + (linear >> (12 + 9 * (level - 1)) & 0x1FF) * 8;
        const std::uint64_t entry = guest_.machine().word(gpa);
        if ((entry & 0x81) != 1)
            break;
        table = entry & address_mask;
    }
    return gpa != 0 ? gpa : pool_begin;
}

std::uint64_t Generator::any_entry_address() {
    return chance(50) ? entry_on_the_way() : pool_page(any_frame()) + below(used_slots) * 8;
}

std::uint64_t Generator::any_leaf() {
    const std::uint64_t used = random_.next() & 0x60;
    std::uint64_t entry = pool_page(chance(70) ? any_frame() : pool_frames + below(8)) | used;
    if (chance(3)) {
        constexpr std::uint64_t odd[]{0xC00000, 0xB8000, std::uint64_t{1} << 45, 0xFEC00000,
                                      0xD8000};
        entry = odd[below(std::size(odd))] | used;
    }
    entry |= 1 | (random_.next() & 0x106);
    return entry | ((entry & 6) == 2 || chance(30) ? execute_disable : 0);
}

// For the entry at `gpa`: most are right there.
std::uint64_t Generator::any_entry(std::uint64_t gpa) {
    if (chance(12))
        return chance(50) ? 0 : random_.next() << 1;
    const std::uint8_t level =
        is_in_pool(gpa) ? level_[(gpa - pool_begin) / page_size] : std::uint8_t{0};
    if (chance(3))
        return random_.next() | 1;
    if (level <= 1)
        return any_leaf();
    for (int attempt = 0; attempt < 20; ++attempt)
        if (const std::uint64_t frame = any_frame(); level_[frame] == level - 1)
            return pool_page(frame) | table_rights | (random_.next() & 0x60);
    return chance(90) ? 0 : any_leaf();
}

std::uint64_t Generator::any_root() {
    if (chance(6)) {
        constexpr std::uint64_t odd[]{0xC00000, 0xB8000, std::uint64_t{1} << 45, pool_page(7),
                                      pool_page(11) | 0x18};
        return odd[below(std::size(odd))];
    }
    for (int attempt = 0; attempt < 8; ++attempt)
        if (const std::uint32_t frame = below(root_frames); level_[frame] == 4)
            return pool_page(frame);
    return pool_page(below(root_frames));
}

Operation Generator::set_root() {
    const std::uint64_t root = any_root();
    if (is_in_pool(root))
        loaded().root = root & address_mask;
    return call(Call::set_cr3, root);
}

Operation Generator::allocate() {
    std::uint64_t frame = any_frame();
    for (int attempt = 0; attempt < 8 && level_[frame] != 0; ++attempt)
        frame = any_frame();
    const bool root = frame < root_frames ? chance(70) : chance(4);
    const auto level = static_cast<std::uint8_t>(root ? 4 : 1 + below(3));
    std::uint64_t flags = abi::page_level_flag(level);
    std::uint64_t clone = any_frame();
    if (chance(25))
        for (int attempt = 0; attempt < 20; ++attempt, clone = any_frame())
            if (level_[clone] == level) {
                flags |= page_flags::clone;
                break;
            }
    if (chance(3))
        flags = below(0x80);
    // The slot that leads to the kernel stays.
    const std::uint64_t first = below(4);
    const std::uint64_t count = chance(95) ? below(500) : 510 + below(100);
    if (level_[frame] == 0)
        level_[frame] = level;
    return call(Call::allocate_page, pool_page(frame) / page_size, flags,
                pool_page(clone) / page_size, first, count <= 500 ? count : 600);
}

Operation Generator::release() {
    std::uint64_t frame = any_frame();
    for (int attempt = 0; attempt < 6 && level_[frame] == 0; ++attempt)
        frame = any_frame();
    level_[frame] = 0;
    return call(Call::release_page, chance(98) ? pool_page(frame) / page_size : random_.next(),
                page_flags::pt);
}

Operation Generator::page_table_operation() {
    const std::uint32_t what = below(1000);
    const std::uint64_t gpa = any_entry_address();
    std::uint64_t flags = chance(25) ? update_flags::defer : 0;
    if (chance(5))
        flags |=
            update_flags::current_address_space | (any_user_address() & update_flags::address_mask);
    if (what < 600) {
        std::uint64_t entry = kernel_address(gpa);
        if (chance(2)) {
            const std::uint64_t odd[]{entry + 4, 0x1000,
                                      kernel_address(own().gdt[loaded().gdt]) + 96,
                                      kernel_address(0xC00000), kernel_address(0xB8000)};
            entry = odd[below(std::size(odd))];
        }
        return call(Call::set_pxe, any_entry(gpa), entry, flags);
    }
    if (what < 660)
        return call(Call::update_pxe, chance(97) ? kernel_address(gpa) : below(3) * 4096, flags);
    if (what < 760)
        return allocate();
    if (what < 810)
        return release();
    if (what < 880)
        return call(Call::inval_page, chance(95) ? any_user_address() : random_.next() << 8);
    if (what < 940)
        return call(Call::flush_tlb, 1 + below(3));
    const std::uint64_t root = loaded_[below(vcpus_)].root;
    return call(Call::shootdown, chance(96) ? 1 + below((1U << vcpus_) - 1) : random_.next(),
                chance(70) ? root : abi::every_address_space);
}

// By numbers that the ROM does not use, and by some that may not stand there.
Operation Generator::raw_entry() {
    Operation operation = other(What::raw_entry);
    const std::uint64_t gpa = any_entry_address();
    const std::uint32_t what = below(100);
    if (what < 50) {
        operation.call = Call::set_pxe_long;
        operation.argument = {any_entry(gpa), gpa, 0};
    } else if (what < 75) {
        operation.call = Call::update_pxe_long;
        operation.argument = {gpa, 0, 0};
    } else if (what < 90) {
        operation.call = Call::clts;
        operation.argument = {random_.next(), random_.next(), random_.next()};
    } else {
        operation.call = static_cast<Call>(chance(80) ? below(abi::call_limit) : below(0x10000));
        operation.argument = {random_.next(), random_.next(), random_.next()};
    }
    return operation;
}

} // namespace differential
