#include "hypervisor/descriptors/guest_table.h"

#include <algorithm>

namespace hv {

using abi::Error;

Error GuestTable::open(const TableEnvironment& environment, std::uint64_t base,
                       std::uint32_t limit) {
    if (limit > 0xFFFF)
        return Error::bad_limit;
    if (!is_canonical(base) || !is_canonical(base + limit) || base + limit < base)
        return Error::bad_address;
    base_ = base;
    limit_ = limit;
    const std::uint64_t first = align_down(base, page_size);
    const std::uint64_t count = (base + limit - first) / page_size + 1;
    for (std::uint64_t index = 0; index < count; ++index) {
        const auto page =
            walk_guest(environment.memory, environment.cr3, first + index * page_size);
        Error error = Error::bad_address;
        if (page && environment.pages.is_page_table(page->gpa))
            error = Error::protected_page;
        else if (page && environment.memory.contains(page->gpa, page_size))
            error = environment.pages.protect(page->gpa);
        if (error != Error::none) {
            close(environment.pages);
            return error == Error::bad_frame ? Error::bad_address : error;
        }
        pages_.push_back(page->gpa);
    }
    environment.pages.wait_until_protected();
    const bool adjacent = pages_.back() - pages_.front() == (count - 1) * page_size &&
                          std::is_sorted(pages_.begin(), pages_.end());
    adjacent_ = adjacent ? direct_pointer(pages_.front() + base % page_size) : nullptr;
    return Error::none;
}

void GuestTable::close(Translation& pages) {
    for (const std::uint64_t page : pages_)
        pages.release(page);
    pages_.clear();
    base_ = no_base;
    limit_ = 0;
    adjacent_ = nullptr;
}

void GuestTable::take(GuestTable& other) {
    base_ = other.base_;
    limit_ = other.limit_;
    pages_ = other.pages_;
    adjacent_ = other.adjacent_;
    other.pages_.clear();
    other.base_ = no_base;
}

std::uint64_t GuestTable::read_scattered(std::uint32_t offset) const {
    if ((base_ + offset) % page_size <= page_size - sizeof(std::uint64_t))
        return *reinterpret_cast<UnalignedWord*>(pointer(offset));
    std::uint64_t value = 0;
    for (std::uint32_t byte = 0; byte < 8; ++byte)
        value |= std::uint64_t{*pointer(offset + byte)} << (8 * byte);
    return value;
}

void GuestTable::write_scattered(std::uint32_t offset, std::uint64_t value) {
    if ((base_ + offset) % page_size <= page_size - sizeof(std::uint64_t)) {
        *reinterpret_cast<UnalignedWord*>(pointer(offset)) = value;
        return;
    }
    for (std::uint32_t byte = 0; byte < 8; ++byte)
        *pointer(offset + byte) = static_cast<std::uint8_t>(value >> (8 * byte));
}

GuestTable::Part GuestTable::part_on_page(std::size_t index) const {
    const std::uint64_t begin = index == 0 ? base_ % page_size : 0;
    const bool last = index + 1 == pages_.size();
    const std::uint64_t end = last ? (base_ + limit_) % page_size + 1 : page_size;
    return {pages_[index] + begin, pages_[index] + end};
}

bool GuestTable::overlaps(const GuestTable& other) const {
    for (std::size_t mine = 0; mine < pages_.size(); ++mine) {
        for (std::size_t theirs = 0; theirs < other.pages_.size(); ++theirs) {
            const Part one = part_on_page(mine);
            const Part two = other.part_on_page(theirs);
            if (one.begin < two.end && two.begin < one.end)
                return true;
        }
    }
    return false;
}

std::optional<std::uint32_t> GuestTable::offset_of(std::uint64_t gpa) const {
    for (std::uint64_t index = 0; index < pages_.size(); ++index) {
        if (align_down(gpa, page_size) != pages_[index])
            continue;
        const std::uint64_t offset = index * page_size + gpa % page_size - base_ % page_size;
        if (offset <= limit_) // an address before the table wraps to a large offset
            return static_cast<std::uint32_t>(offset);
    }
    return std::nullopt;
}

bool GuestTable::mapped_alike(const GuestMemory& memory, std::uint64_t cr3) const {
    const std::uint64_t first = align_down(base_, page_size);
    for (std::uint64_t index = 0; index < pages_.size(); ++index) {
        const auto page = walk_guest(memory, cr3, first + index * page_size);
        if (!page || page->gpa != pages_[index])
            return false;
    }
    return true;
}

} // namespace hv
