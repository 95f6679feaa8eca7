#include "hypervisor/memory/guest_walk.h"

#include "hypervisor/memory/layout.h"
#include "hypervisor/memory/paging_walk.h"

#include <iterator>

namespace hv {

std::optional<GuestTranslation> walk_guest(const GuestMemory& memory, std::uint64_t cr3,
                                           std::uint64_t linear) {
    if (!is_canonical(linear))
        return std::nullopt;
    const PageWalk walk =
        walk_pages<FourLevelPaging>(memory, cr3 & paging::address_mask, linear, lenient_features);
    if (walk.end != WalkEnd::mapped)
        return std::nullopt;
    return GuestTranslation{walk.gpa, walk.writable, walk.user};
}

namespace {

// Calls `move` with an offset and a word, for the words of which `size` bytes consist.
template <typename Move>
[[gnu::always_inline]] inline void for_each_word(std::uint32_t size, Move move) {
    std::uint32_t index = 0;
    for (; size - index >= sizeof(std::uint64_t); index += sizeof(std::uint64_t))
        move(index, std::uint64_t{});
    const auto take_one = [&]<typename Word>(Word word) {
        if ((size & sizeof(Word)) == 0)
            return;
        move(index, word);
        index += sizeof(Word);
    };
    take_one(std::uint32_t{});
    take_one(std::uint16_t{});
    take_one(std::uint8_t{});
}

} // namespace

void copy_from_guest(std::uint8_t* bytes, std::uint64_t gpa, std::uint32_t size) {
    for_each_word(size, [=]<typename Word>(std::uint32_t index, Word word) {
        word = direct_word<Word>(gpa + index);
        __builtin_memcpy(bytes + index, &word, sizeof(Word)); // one store, not a call
    });
}

void copy_to_guest(std::uint64_t gpa, const std::uint8_t* bytes, std::uint32_t size) {
    for_each_word(size, [=]<typename Word>(std::uint32_t index, Word word) {
        __builtin_memcpy(&word, bytes + index, sizeof(Word));
        direct_word<Word>(gpa + index) = word;
    });
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
        copy_from_guest(bytes + done, page->gpa, part);
        done += part;
    }
    return done;
}

bool read_guest_linear(const GuestMemory& memory, std::uint64_t cr3, std::uint64_t linear,
                       std::uint8_t* bytes, std::uint32_t size) {
    const bool wraps = linear + size < linear && linear + size != 0;
    return !wraps && fetch_guest_code(memory, cr3, linear, bytes, size) == size;
}

bool write_guest_linear(const GuestMemory& memory, const FrameTable& frames, std::uint64_t cr3,
                        std::uint64_t linear, const std::uint8_t* bytes, std::uint32_t size) {
    std::uint64_t gpa[16]{};
    if (size > std::size(gpa))
        return false;
    for (std::uint32_t index = 0; index < size; ++index) {
        const auto page = walk_guest(memory, cr3, linear + index);
        if (!page || !page->writable || !memory.contains(page->gpa, 1) ||
            frames.is_write_protected(page->gpa))
            return false;
        gpa[index] = page->gpa;
    }
    for (std::uint32_t index = 0; index < size; ++index)
        memory.write(gpa[index], bytes[index]);
    return true;
}

} // namespace hv
