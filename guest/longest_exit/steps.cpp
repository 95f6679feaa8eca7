#include "guest/longest_exit/steps.h"

#include "guest/longest_exit/measurement.h"

#include <iterator>

namespace guest::longest_exit {
namespace {

/// Ticks of the TSC in one case: some seconds in Bochs.
constexpr std::uint64_t most_ticks = 700'000'000;

constexpr Words tables_words{.level = true, .content = true, .flag = {"", "announced"}};

/// A kind that stands here more often is drawn more often.
constexpr StepKind kinds[]{
    {"make", 4096, tables_words, make_tables},
    {"tree", 4096, {.content = true, .flag = {"touched", "announced", "by-write"}}, make_tree},
    {"load", 64, {.flag = {"by-call"}}, load_roots},
    {"touch", 4096, {.level = true, .flag = {"by-write"}}, touch_pages},
    {"announce", 512, {.level = true, .flag = {"release", "hot", "by-ring"}}, announce_pages},
    {"store", 4096, {.level = true, .content = true, .own = name_of_store}, store_entries},
    {"store", 4096, {.level = true, .content = true, .own = name_of_store}, store_entries},
    {"call", 8, {.level = true, .own = name_of_call}, call_alone},
    {"call", 8, {.level = true, .own = name_of_call}, call_alone},
    {"ring", 512, {.level = true, .own = name_of_queued_call}, drain_one_call},
    {"ring", 512, {.level = true, .own = name_of_queued_call}, drain_one_call},
    {"ring", 512, {.level = true, .own = name_of_queued_call}, drain_one_call},
    {"mixed-ring", 512, {.level = true}, drain_mixtures},
    {"native", 16, {.own = name_of_native}, execute_native},
    {"native", 16, {.own = name_of_native}, execute_native},
};

} // namespace

std::uint32_t Step::count(std::uint32_t limit) const {
    // 1, 2, 3, 4, 6, 8, 12 ... 4096, 6144.
    constexpr std::uint32_t values = 26;
    const std::uint32_t exponent = amount % values / 2;
    const std::uint32_t power = std::uint32_t{1} << exponent;
    const std::uint32_t count = amount % 2 != 0 ? power + power / 2 : power;
    return count < limit ? count : limit;
}

const StepKind& kind_of(const Step& step) { return kinds[step.kind % std::size(kinds)]; }

bool out_of_time() { return ticks_spent() > most_ticks; }

} // namespace guest::longest_exit
