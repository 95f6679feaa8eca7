#pragma once
// Random page tables and one access through them. The fidelity guest makes the access, and a test
// on the host asks the reference MMU of the unit tests how it must end: two readings of the manual.

#include "tests/fidelity/guest/random.h"

#include <array>
#include <cstdint>

namespace fidelity {

struct TranslationCase {
    /// Bits of the entry at each level, without the frame; [0] is not used, nor are the levels
    /// below leaf_level.
    std::array<std::uint64_t, 5> entry;
    int leaf_level; ///< 1 to 3: which entry maps the page
    bool write, fetch, user;
    bool write_protect;   ///< CR0.WP
    bool smep, smap;      ///< in CR4
    bool alignment_check; ///< RFLAGS.AC
    bool execute_disable; ///< EFER.NXE
};

/// What is accessed: in a page of each size, at the same place in it as the frame of the larger
/// one.
inline constexpr std::uint64_t translated_address = 0x18002005008;

inline TranslationCase make_translation_case(std::uint64_t seed, std::uint64_t number) {
    constexpr std::uint64_t present = 1 << 0;
    constexpr std::uint64_t writable = 1 << 1;
    constexpr std::uint64_t user = 1 << 2;
    constexpr std::uint64_t used = 3 << 5;
    constexpr std::uint64_t large = 1 << 7;
    constexpr std::uint64_t below_large_frame = 1 << 13;
    constexpr std::uint64_t no_execute = std::uint64_t{1} << 63;
    Random random(seed, number, 0);
    TranslationCase made{};
    made.leaf_level = random.one_of({1, 1, 1, 2, 2, 3});
    for (int level = 4; level >= made.leaf_level; --level) {
        std::uint64_t bits = present | writable | user;
        bits &= random.chance(3) ? ~present : ~std::uint64_t{0};
        bits &= random.chance(12) ? ~writable : ~std::uint64_t{0};
        bits &= random.chance(15) ? ~user : ~std::uint64_t{0};
        bits |= random.chance(8) ? no_execute : 0;
        bits |= random.chance(2) ? std::uint64_t{1} << (46 + random.below(6)) : 0;
        bits |= random.next() & used;
        bits |= level == 4 && random.chance(2) ? large : 0;
        if (level == made.leaf_level && level > 1)
            bits |= large | (random.chance(4) ? below_large_frame : 0);
        made.entry[static_cast<std::size_t>(level)] = bits;
    }
    made.fetch = random.chance(30);
    made.write = !made.fetch && random.chance(50);
    made.user = random.chance(40);
    made.write_protect = random.chance(50);
    made.smep = random.chance(50);
    made.smap = random.chance(50);
    made.alignment_check = random.chance(30);
    made.execute_disable = random.chance(60);
    return made;
}

} // namespace fidelity
