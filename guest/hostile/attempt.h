#pragma once
// One attack in progress: compares what the guest is told, and what the monitor counts, with what
// is expected. Ends in a line "hostile NAME: told ...; COUNTER +N ...: ok" or "...: FAIL why".

#include "guest/hostile/caught.h"
#include "shared/call_number.h"
#include "shared/error.h"
#include "shared/exit_reason.h"
#include "shared/statistics.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace guest::hostile {

/// A counter of the statistics page.
struct Counter {
    std::string_view name;
    std::size_t offset; ///< bytes from the start of the page
};
namespace counter {
inline constexpr Counter exits{"exits", offsetof(abi::Statistics, exits)};
inline constexpr Counter drained{"drained", offsetof(abi::Statistics, drained)};
inline constexpr Counter refused{"refused", offsetof(abi::Statistics, refused)};
inline constexpr Counter discarded{"discarded", offsetof(abi::Statistics, discarded)};
inline constexpr Counter injected{"injected", offsetof(abi::Statistics, injected)};
/// VM exits for a reason.
constexpr Counter exit(abi::ExitReason reason) {
    return {abi::name(reason), offsetof(abi::Statistics, exit) +
                                   static_cast<std::size_t>(reason) * sizeof(std::uint64_t)};
}
/// Memory accesses that the monitor refused with an exception.
inline constexpr Counter refused_accesses{"refused accesses",
                                          offsetof(abi::Statistics, memory) +
                                              static_cast<std::size_t>(abi::MemoryAccess::refused) *
                                                  sizeof(std::uint64_t)};
} // namespace counter

/// The current value of a counter of this processor's statistics page.
std::uint64_t count_of(const Counter& counter);

class Attempt {
  public:
    /// Prints `name` and starts counting.
    explicit Attempt(std::string_view name);

    /// Checks the answer of a call or of a batch, an abi::Error.
    void told(std::uint64_t error, abi::Error expected);
    /// Checks which exception was raised; `expected` is a vector or no_exception.
    void told(const Caught& caught, std::uint32_t expected);
    /// Records an answer where several are right.
    void note(abi::Error error) { note(abi::name(error)); }

    void expect(bool holds, std::string_view what);
    /// Checks how far a counter has risen since the attack began.
    void counted(const Counter& counter, std::uint64_t expected);
    std::uint64_t difference(const Counter& counter) const;

    /// Prints the line. Returns true if everything was as expected.
    bool finish();

  private:
    struct Answer {
        std::string_view name;
        std::uint64_t count;
    };
    struct Count {
        Counter counter;
        std::uint64_t difference;
    };

    void note(std::string_view answer);
    void fail(std::string_view what, std::string_view found, std::string_view expected);

    std::string_view name_;
    std::array<Answer, 16> answers_{};
    std::array<Count, 8> counts_{};
    std::uint32_t answer_count_ = 0;
    std::uint32_t count_count_ = 0;
    std::uint64_t failures_ = 0;
};

/// Prints "hostile told: NAME ...": the errors that the guest was told in all attempts so far.
void print_errors_told();

} // namespace guest::hostile
