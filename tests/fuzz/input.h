#pragma once
// One input of the fuzzer, from its first byte to its last; zeros after that.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace fuzz {

class Input {
  public:
    explicit Input(std::span<const std::uint8_t> bytes) : rest_{bytes} {}

    bool empty() const { return rest_.empty(); }

    /// The next bytes as a number.
    template <typename Number>
    Number take() {
        Number number = 0;
        const auto bytes = take_bytes(sizeof(number));
        std::memcpy(&number, bytes.data(), bytes.size());
        return number;
    }
    std::uint8_t byte() { return take<std::uint8_t>(); }
    /// 0 to limit - 1, by one byte: `limit` is at most 256.
    std::uint32_t below(std::uint32_t limit) { return byte() % limit; }
    bool flag() { return (byte() & 1) != 0; }

    /// At most so many of the next bytes.
    std::span<const std::uint8_t> take_bytes(std::size_t count) {
        const auto taken = rest_.first(std::min(count, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    std::span<const std::uint8_t> take_rest() { return take_bytes(rest_.size()); }

  private:
    std::span<const std::uint8_t> rest_;
};

} // namespace fuzz
