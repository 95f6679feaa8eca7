#pragma once
// Cases: lists of steps for the guest (guest/longest_exit/), drawn at random and changed.

#include "shared/longest_exit.h"

#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tool {

/// What a boot does: steps, and the kind of kernel that the monitor takes the guest for.
struct ExitCase {
    /// The monitor expects a kernel that knows nothing of the ROM (--protect off).
    bool is_unaware = false;
    std::vector<abi::ExitStep> steps;
};

/// The same numbers on every host.
class CaseRandom {
  public:
    explicit CaseRandom(std::uint64_t seed) : engine_(seed) {}
    /// A number below `limit`, which is not 0.
    std::uint32_t below(std::size_t limit) {
        return static_cast<std::uint32_t>((engine_() >> 16) % limit);
    }
    std::uint8_t byte() { return static_cast<std::uint8_t>(engine_() >> 56); }

  private:
    std::mt19937_64 engine_;
};

/// As on the guest's command line. The text of a case begins with "unaware-" if it is for such a
/// kernel.
std::string text(const std::vector<abi::ExitStep>& steps);
std::string text(const ExitCase& one);
/// Throws Failure if the text is not that of a case.
ExitCase parse_exit_case(std::string_view text);

ExitCase draw_case(CaseRandom& random);
/// Another case that has much in common with `one`.
ExitCase change_case(CaseRandom& random, const ExitCase& one);

} // namespace tool
