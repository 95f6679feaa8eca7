#include "tests/unit/fake/reference_mmu.h"

#include "tests/unit/fake/entry_bits.h"

#include <algorithm>
#include <cstring>

namespace hv::test {

namespace {

using namespace entry_bits;

constexpr unsigned physical_address_bits = 40;

constexpr std::uint64_t page_bytes(int level) { return std::uint64_t{0x1000} << (9 * (level - 1)); }
constexpr std::uint64_t slot(std::uint64_t linear, int level) {
    return linear / page_bytes(level) % 512;
}
constexpr bool is_page(std::uint64_t entry, int level) {
    return level == 1 || (level < 4 && (entry & large) != 0);
}
constexpr std::uint64_t target(std::uint64_t entry, int level, std::uint64_t linear) {
    return (entry & address & ~(page_bytes(level) - 1)) + linear % page_bytes(level);
}

} // namespace

ReferenceMmu::ReferenceMmu(const std::uint8_t* memory, std::uint64_t size) : memory_(size / 8) {
    std::memcpy(memory_.data(), memory, size);
    periods_.push_back({0, 0});
}

// The fake's RAM has a hole where devices are on a PC.
bool ReferenceMmu::is_ram(std::uint64_t gpa) const {
    return gpa / 8 < memory_.size() && (gpa < 0xA0000 || gpa >= 0x100000);
}

void ReferenceMmu::store(std::uint64_t gpa, std::uint64_t value, bool complete) {
    std::uint64_t& word = memory_[gpa / 8];
    ++now_;
    if (word != value) {
        // Rights that both give stay usable; so do bits that mean nothing in a table's entries.
        constexpr std::uint64_t harmless =
            writable | accessed | dirty | global | execute_disable | 0x18;
        const std::uint64_t left = ((word ^ value) & ~harmless) == 0
                                       ? (word & value) | ((word | value) & execute_disable)
                                       : 0;
        past_[gpa / 8].push_back({complete ? left : word, now_});
        word = value;
    }
}

void ReferenceMmu::load_root(std::uint64_t root) { periods_.push_back({root, ++now_}); }

void ReferenceMmu::invalidate_page(std::uint64_t linear) { invalidated_[linear >> 12] = ++now_; }

void ReferenceMmu::invalidate_all() {
    ++now_;
    periods_ = {{root(), now_}};
    past_.clear();
    invalidated_.clear();
}

std::uint64_t ReferenceMmu::reserved(std::uint64_t entry, int level) const {
    std::uint64_t bits = address & ~((std::uint64_t{1} << physical_address_bits) - 1);
    if (!modes.execute_disable)
        bits |= execute_disable;
    if (level == 4)
        bits |= large;
    else if (level > 1 && (entry & large) != 0)
        bits |= (page_bytes(level) - 1) & ~std::uint64_t{0x1FFF};
    return entry & bits;
}

bool ReferenceMmu::permits(const Rights& rights, Access access) const {
    if (access.user && !rights.user)
        return false;
    if (access.write && !rights.writable && (access.user || modes.write_protect))
        return false;
    if (access.fetch && !rights.executable)
        return false;
    if (access.user || !rights.user)
        return true;
    return access.fetch ? modes.user_execution : modes.user_access;
}

ReferenceWalk ReferenceMmu::walk(std::uint64_t linear, Access access) const {
    ReferenceWalk walk;
    const std::uint32_t code = (access.write ? 2U : 0) | (access.user ? 4U : 0) |
                               (access.fetch && modes.reports_fetch() ? 16U : 0);
    Rights rights;
    std::uint64_t table = root() & address;
    for (int level = 4; level >= 1; --level) {
        const std::uint64_t at = table + slot(linear, level) * 8;
        if (!is_ram(at)) {
            walk.end = ReferenceWalk::End::no_memory;
            return walk;
        }
        const std::uint64_t entry = word(at);
        walk.entry[walk.steps++] = at;
        walk.code = code;
        if ((entry & present) == 0)
            return walk;
        walk.code = code | 1 | 8;
        if (reserved(entry, level) != 0)
            return walk;
        rights.writable = rights.writable && (entry & writable) != 0;
        rights.user = rights.user && (entry & user) != 0;
        rights.executable = rights.executable && (entry & execute_disable) == 0;
        walk.code = code | 1;
        walk.page_writable = rights.writable;
        if (is_page(entry, level)) {
            walk.gpa = target(entry, level, linear);
            walk.end =
                permits(rights, access) ? ReferenceWalk::End::mapped : ReferenceWalk::End::fault;
            return walk;
        }
        table = entry & address;
    }
    return walk;
}

// What is cached was accessed, and dirty before it was written through.
bool ReferenceMmu::follow(std::uint64_t entry, int level, std::uint64_t linear, Access access,
                          std::uint64_t gpa, Window window, bool global_only, Rights rights) const {
    if ((entry & present) == 0 || (entry & accessed) == 0 || reserved(entry, level) != 0)
        return false;
    rights.writable = rights.writable && (entry & writable) != 0;
    rights.user = rights.user && (entry & user) != 0;
    rights.executable = rights.executable && (entry & execute_disable) == 0;
    if (!is_page(entry, level))
        return search(entry & address, level - 1, linear, access, gpa, window, global_only, rights);
    return target(entry, level, linear) == gpa && permits(rights, access) &&
           (!access.write || (entry & dirty) != 0) && (!global_only || (entry & global) != 0);
}

bool ReferenceMmu::search(std::uint64_t table, int level, std::uint64_t linear, Access access,
                          std::uint64_t gpa, Window window, bool global_only, Rights rights) const {
    const std::uint64_t at = table + slot(linear, level) * 8;
    if (!is_ram(at))
        return false;
    std::uint64_t begin = 0;
    const auto past = past_.find(at / 8);
    if (past != past_.end()) {
        for (const Past& old : past->second) {
            if (old.end > window.begin && begin <= window.end &&
                follow(old.value, level, linear, access, gpa, window, global_only, rights))
                return true;
            begin = old.end;
        }
    }
    return begin <= window.end && window.begin <= window.end &&
           follow(word(at), level, linear, access, gpa, window, global_only, rights);
}

bool ReferenceMmu::may_translate(std::uint64_t linear, Access access, std::uint64_t gpa) const {
    const auto invalidated = invalidated_.find(linear >> 12);
    const std::uint64_t earliest = invalidated != invalidated_.end() ? invalidated->second : 0;
    for (std::size_t index = periods_.size(); index-- > 0;) {
        const bool current = index + 1 == periods_.size();
        if (!current && !modes.global_pages)
            break;
        const Window window{std::max(periods_[index].begin, earliest),
                            current ? now_ : periods_[index + 1].begin};
        if (window.begin <= window.end &&
            search(periods_[index].root & address, 4, linear, access, gpa, window, !current, {}))
            return true;
    }
    return false;
}

} // namespace hv::test
