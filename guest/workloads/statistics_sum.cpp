#include "guest/workloads/statistics_sum.h"

#include <algorithm>
#include <cstddef>

namespace guest::workloads {
namespace {

using abi::KeyedCount;
using abi::Statistics;

constexpr std::size_t word_size = sizeof(std::uint64_t);
constexpr std::size_t plain_words = offsetof(Statistics, msr) / word_size;

constexpr bool is_level(std::size_t word) {
    return word == offsetof(Statistics, shadow_in_use) / word_size ||
           word == offsetof(Statistics, shadow_limit) / word_size;
}

/// Returns the place of a key, or a free place. Keys that find no free place share the last one.
KeyedCount& place_of(KeyedCount* counts, std::uint32_t key) {
    for (std::uint32_t i = 0; i + 1 < abi::keyed_counts; ++i) {
        if (counts[i].count != 0 && counts[i].key != key)
            continue;
        counts[i].key = key;
        return counts[i];
    }
    return counts[abi::keyed_counts - 1];
}

void add_keyed(KeyedCount* sum, const KeyedCount* before, const KeyedCount* after) {
    constexpr std::uint32_t rest = abi::keyed_counts - 1;
    for (std::uint32_t i = 0; i < rest; ++i)
        if (after[i].count != before[i].count)
            place_of(sum, after[i].key).count += after[i].count - before[i].count;
    sum[rest].count += after[rest].count - before[rest].count;
}

} // namespace

void add_difference(Statistics& sum, const Statistics& before, const Statistics& after) {
    auto* const total = reinterpret_cast<std::uint64_t*>(&sum);
    const auto* const from = reinterpret_cast<const std::uint64_t*>(&before);
    const auto* const to = reinterpret_cast<const std::uint64_t*>(&after);
    for (std::size_t i = 0; i < plain_words; ++i)
        total[i] = is_level(i) ? std::max(total[i], to[i]) : total[i] + (to[i] - from[i]);
    add_keyed(sum.msr, before.msr, after.msr);
    add_keyed(sum.port, before.port, after.port);
}

} // namespace guest::workloads
