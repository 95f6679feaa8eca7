#pragma once
// The words of the guest's command line. Numbers are decimal.

#include <array>
#include <cstdint>
#include <string_view>

namespace fidelity {

/// One case, without some of its features (a bit for each Feature).
struct ListedCase {
    std::uint64_t number;
    std::uint32_t without;
};

struct Options {
    std::uint64_t seed = 1;    ///< seed=N
    std::uint64_t first = 0;   ///< first=N: the first case
    std::uint64_t count = 100; ///< count=N
    /// list=NUMBER:WITHOUT,...: these cases instead.
    std::array<ListedCase, 64> list{};
    std::uint32_t listed = 0;
    std::uint32_t without = 0; ///< without=NAME,...: features that no case has
    bool variants = false;     ///< variants: listed cases with each subset of features left out
    bool details = false;      ///< details: what each case is and did, and not only the hash
    bool translations = false; ///< translations: accesses through random page tables instead
    bool real_mode = false;    ///< real-mode: cases in real-address mode
    bool counts_kinds = false; ///< kinds: how often each kind of instruction was in a case
    /// leave-out=NAME,...: no case with an instruction of these kinds, or with these features.
    std::string_view left_out;
};

/// Reads the command line that the start information leads to. It lies in memory that the guest may
/// use, so it must be read before anything is written.
const Options& read_options(std::uint64_t start_information);

/// Whether a name is in a list that is separated by commas.
bool is_in_list(std::string_view list, std::string_view name);

} // namespace fidelity
