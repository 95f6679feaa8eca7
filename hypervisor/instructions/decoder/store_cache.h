#pragma once
// Remembers decoded stores by their bytes, since what a Store is depends on nothing else: a kernel
// writes its tables with a few instructions, and decoding one takes thousands.

#include "hypervisor/instructions/decoder/decoder.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace hv {

/// The bytes at RIP, followed by zeros where no more could be fetched.
struct InstructionBytes {
    std::array<std::uint8_t, 16> bytes{};
    std::uint32_t count = 0; ///< fetched: at most longest_instruction
};

/// Direct-mapped by RIP, compared by all bytes of the instruction: changed code is decoded again.
class StoreCache {
  public:
    /// For code of this size.
    explicit constexpr StoreCache(CodeSize code_size = CodeSize::bits_64) : code_size_{code_size} {}

    /// The store that the bytes encode, decoded or remembered; null when hv::Store cannot
    /// describe the instruction. Valid until the next call. `count` must be at least the
    /// instruction's length.
    const Store* find(std::uint64_t rip, const InstructionBytes& instruction) {
        Row& row = rows_[(rip ^ rip >> 6) % rows_.size()];
        const Words words = masked(instruction, row.store.length);
        if (row.store.length != 0 && row.store.length <= instruction.count &&
            row.words.low == words.low && row.words.high == words.high)
            return &row.store;
        Store store;
        if (!decode_guest_store(instruction.bytes.data(), instruction.count, store, code_size_))
            return nullptr;
        row = {masked(instruction, store.length), store};
        return &row.store;
    }

  private:
    struct Words {
        std::uint64_t low = 0;
        std::uint64_t high = 0;
    };
    struct Row {
        Words words;
        Store store; ///< length 0: empty
    };
    std::array<Row, 64> rows_{};
    CodeSize code_size_;

    // The first `length` bytes as two words.
    static Words masked(const InstructionBytes& instruction, std::uint32_t length) {
        Words words;
        std::memcpy(&words, instruction.bytes.data(), sizeof(words));
        const auto mask = [](std::uint32_t bytes) {
            return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << 8 * bytes) - 1;
        };
        words.low &= mask(length);
        words.high &= length > 8 ? mask(length - 8) : 0;
        return words;
    }
};

} // namespace hv
