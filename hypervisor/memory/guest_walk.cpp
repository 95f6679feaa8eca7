#include "hypervisor/memory/guest_walk.h"

#include "hypervisor/memory/layout.h"

namespace hv {

std::optional<GuestTranslation> walk_guest(const GuestMemory& memory, std::uint64_t cr3,
                                           std::uint64_t linear) {
    if (!is_canonical(linear))
        return std::nullopt;
    std::uint64_t table = cr3 & paging::address_mask;
    bool writable = true;
    bool user = true;
    for (int level = 4; level >= 1; --level) {
        const int shift = 12 + 9 * (level - 1);
        const auto entry = memory.read<std::uint64_t>(table + (linear >> shift & 0x1FF) * 8);
        if (!entry || (*entry & paging::present) == 0)
            return std::nullopt;
        writable = writable && (*entry & paging::writable) != 0;
        user = user && (*entry & paging::user) != 0;
        if (level == 1 || (level <= 3 && (*entry & paging::page_size) != 0)) {
            const std::uint64_t offset_mask = (std::uint64_t{1} << shift) - 1;
            const std::uint64_t frame = *entry & paging::address_mask & ~offset_mask;
            return GuestTranslation{frame | (linear & offset_mask), writable, user};
        }
        table = *entry & paging::address_mask;
    }
    return std::nullopt;
}

std::uint32_t fetch_guest_code(const GuestMemory& memory, std::uint64_t cr3, std::uint64_t linear,
                               std::uint8_t* bytes, std::uint32_t size) {
    std::uint32_t done = 0;
    while (done < size) {
        const auto page = walk_guest(memory, cr3, linear + done);
        if (!page)
            break;
        const std::uint64_t left = page_size - page->gpa % page_size;
        const auto part = static_cast<std::uint32_t>(left < size - done ? left : size - done);
        if (!memory.contains(page->gpa, part))
            break;
        for (std::uint32_t index = 0; index < part; ++index)
            bytes[done + index] = direct_word<std::uint8_t>(page->gpa + index);
        done += part;
    }
    return done;
}

bool read_guest_linear(const GuestMemory& memory, std::uint64_t cr3, std::uint64_t linear,
                       std::uint8_t* bytes, std::uint32_t size) {
    return fetch_guest_code(memory, cr3, linear, bytes, size) == size;
}

bool write_guest_linear(const GuestMemory& memory, std::uint64_t cr3, std::uint64_t linear,
                        const std::uint8_t* bytes, std::uint32_t size, bool user) {
    std::uint64_t gpa[16]{};
    if (size > 16)
        return false;
    for (std::uint32_t index = 0; index < size; ++index) {
        const auto page = walk_guest(memory, cr3, linear + index);
        if (!page || !page->writable || (user && !page->user) || !memory.contains(page->gpa, 1))
            return false;
        gpa[index] = page->gpa;
    }
    for (std::uint32_t index = 0; index < size; ++index)
        memory.write(gpa[index], bytes[index]);
    return true;
}

} // namespace hv
