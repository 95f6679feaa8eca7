// Queued calls, and what they must have done when the ring is drained.

#include "shared/page_table_calls.h"
#include "shared/processors.h"
#include "tests/unit/fake/guests/model_guest.h"

#include <bit>
#include <sstream>

namespace hv::test {

using abi::Call;

namespace {

constexpr std::uint64_t address = 0x000F'FFFF'FFFF'F000;

bool is_ram(std::uint64_t gpa) { return gpa < fake_ram_size && (gpa < 0xA0000 || gpa >= 0x100000); }

} // namespace

// Entries are executed in order until one is refused.
bool ModelGuest::account_for_queue() {
    if (waiting().empty())
        return true;
    const abi::RingHeader& ring = machine_.area().control.ring;
    if (ring.head != ring.tail)
        return complain("an exit did not drain the ring");
    const bool refused = ring.refusals != processor().known_refusals;
    const std::uint32_t first = ring.tail - static_cast<std::uint32_t>(waiting().size());
    const std::size_t executed = refused ? ring.refused_index - first : waiting().size();
    processor().known_refusals = ring.refusals;
    for (std::size_t index = 0; index < waiting().size() && index <= executed; ++index)
        if (!account_for(waiting()[index], index < executed))
            return false;
    waiting().clear();
    return true;
}

bool ModelGuest::account_for(const Queued& queued, bool executed) {
    const std::uint64_t first = queued.argument[0];
    const std::uint64_t second = queued.argument[1];
    bool expected = true;
    switch (queued.call) {
    case Call::set_pxe:
        expected = is_ram(second) && second % 8 == 0 &&
                   (level_of(second) == 0 || !forbidden(level_of(second), first));
        if (executed)
            store_everywhere(second, first, (queued.argument[2] & abi::update_flags::defer) == 0);
        break;
    case Call::update_pxe:
        expected = level_of(first) == 0 || !forbidden(level_of(first), mmu().word(first));
        break;
    case Call::set_cr3:
        processor().old_pair_root = 0;
        if (executed)
            mmu().load_root(first);
        break;
    case Call::inval_page:
        mmu().invalidate_page(first);
        break;
    case Call::flush_tlb:
        mmu().invalidate_all();
        break;
    case Call::shootdown:
        if (executed)
            account_for_shootdown(queued);
        break;
    case Call::allocate_page:
        return account_for_allocate(queued, executed);
    case Call::release_page: {
        std::uint32_t links = 0;
        for (std::uint32_t index = 0; index < pool_frames; ++index)
            for (std::uint64_t slot = 0; registered_[index] > 1 && slot < 512; ++slot) {
                const std::uint64_t entry = mmu().word(frame(index) + slot * 8);
                const bool leads =
                    (entry & 1) != 0 && (registered_[index] == 4 || (entry & 0x80) == 0);
                links += leads && (entry & address) == first * page_size ? 1U : 0U;
            }
        expected = level_of(first * page_size) != 0 && links == 0 && !is_root(first);
        if (executed)
            registered_[(first * page_size - pool_begin) / page_size] = 0;
        break;
    }
    default:
        break;
    }
    if (executed == expected)
        return true;
    std::ostringstream text;
    text << "call " << static_cast<int>(queued.call) << std::hex << " 0x" << first << " 0x"
         << second << (executed ? " was executed" : " was refused");
    return complain(text.str());
}

bool ModelGuest::account_for_allocate(const Queued& queued, bool executed) {
    const std::uint64_t page = queued.argument[0] * page_size;
    const std::uint64_t clone = queued.argument[1] * page_size;
    const abi::AllocateOptions options = abi::AllocateOptions::decode(queued.argument[2]);
    const std::uint64_t flag = options.flags & abi::page_flags::levels;
    const bool clones = (options.flags & abi::page_flags::clone) != 0;
    const auto level = static_cast<std::uint8_t>(std::countr_zero(flag | 16) + 1);
    bool expected = std::has_single_bit(flag) && is_ram(page) && level_of(page) == 0 &&
                    (!clones || (level_of(clone) == level && options.first <= 512 &&
                                 options.count <= 512U - options.first));
    const auto value = [&](std::uint64_t slot) {
        const bool copied = clones && slot >= options.first && slot - options.first < options.count;
        return mmu().word((copied ? clone : page) + slot * 8);
    };
    for (std::uint64_t slot = 0; expected && slot < 512; ++slot) {
        // A table may not lead to itself.
        const std::uint64_t entry = value(slot);
        const bool leads = level > 1 && (entry & 1) != 0 && (level == 4 || (entry & 0x80) == 0);
        expected = !forbidden(level, entry) && !(leads && (entry & address) == page);
    }
    if (executed) {
        ++registrations;
        registered_[(page - pool_begin) / page_size] = level;
        for (std::uint64_t slot = 0; slot < 512; ++slot)
            if (const std::uint64_t entry = value(slot); entry != mmu().word(page + slot * 8))
                store_everywhere(page + slot * 8, entry);
    }
    if (executed == expected)
        return true;
    std::ostringstream text;
    text << "AllocatePage of 0x" << std::hex << page << " at level " << int{level}
         << (executed ? " was executed" : " was refused");
    return complain(text.str());
}

void ModelGuest::account_for_shootdown(const Queued& queued) {
    ++shootdowns;
    for (std::uint32_t number = 0; number < settings_.vcpus; ++number) {
        Processor& other = *processors_[number];
        if ((queued.argument[0] >> number & 1) == 0)
            continue;
        if (&other == &processor() || queued.argument[1] == abi::every_address_space)
            other.mmu.invalidate_all();
        else if (other.mmu.root() == queued.argument[1])
            other.mmu.load_root(other.mmu.root());
    }
}

bool ModelGuest::queue_shootdown() {
    const Processor& other = *processors_[random_.below(settings_.vcpus)];
    const std::uint64_t root =
        random_.chance(70) ? other.mmu.root() : std::uint64_t{abi::every_address_space};
    return queue(Call::shootdown, 1 + random_.below((1U << settings_.vcpus) - 1), root, 0);
}

bool ModelGuest::queue(Call number, std::uint64_t first, std::uint64_t second,
                       std::uint64_t third) {
    abi::VcpuArea& area = machine_.area();
    if (number == Call::set_cr3)
        area.control.cr3 = first;
    area.entry[area.control.ring.tail % abi::ring_capacity] = {
        static_cast<std::uint16_t>(number), 0, 0, {first, second, third}};
    ++area.control.ring.tail;
    waiting().push_back({number, {first, second, third}});
    return waiting().size() < 60 || call(Call::flush);
}

// The ROM's part: nothing to do while no change of a table has left anything stale. (Global
// translations of a root that was left, whose tables still say so, stay.)
bool ModelGuest::invalidate_by_rom(std::uint64_t linear, bool all) {
    if (waiting().empty() && machine_.area().control.stale_translations == 0) {
        mmu().forget_changes();
        return true;
    }
    return all ? queue(Call::flush_tlb, 3, 0, 0) : queue(Call::inval_page, linear, 0, 0);
}

bool ModelGuest::queue_call() {
    if (settings_.vcpus > 1 && random_.chance(20))
        return queue_shootdown();
    const std::uint32_t what = random_.below(100);
    const std::uint64_t flags = random_.chance(60) ? abi::update_flags::defer : 0;
    if (what < 70) {
        if (flags != 0)
            machine_.area().control.stale_translations = 1;
        const std::uint64_t gpa = any_entry_address();
        return queue(Call::set_pxe, any_change(gpa), gpa, flags);
    }
    if (what < 75)
        return queue(Call::update_pxe, any_frame() + any_slot() * 8, flags, 0);
    if (what < 90) {
        const bool clones = random_.chance(40);
        const std::uint64_t level =
            random_.chance(2) ? random_.below(16) : abi::page_level_flag(1 + random_.below(4));
        const auto options = abi::AllocateOptions::make(
            level | (clones ? abi::page_flags::clone : 0), random_.chance(50) ? 0 : any_slot(),
            random_.chance(80) ? random_.below(300) : random_.below(600));
        return queue(Call::allocate_page, any_frame() / page_size, any_frame() / page_size,
                     options.encode());
    }
    return queue(Call::release_page, any_frame() / page_size, 0, 0);
}

} // namespace hv::test
