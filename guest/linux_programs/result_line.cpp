#include "guest/linux_programs/result_line.h"

#include "shared/console.h"
#include "shared/statistics_text.h"

#include <cinttypes>
#include <cstdio>

namespace linux_guest {
namespace {

void print_count(std::string_view family, std::string_view name, std::uint64_t count) {
    std::printf(" %.*s%.*s=%" PRIu64, static_cast<int>(family.size()), family.data(),
                static_cast<int>(name.size()), name.data(), count);
}

void print_statistics(const abi::Statistics& before, const abi::Statistics& after) {
    const auto print_keyed = [](std::string_view family, std::uint32_t digits, std::uint32_t key,
                                std::uint64_t count) {
        std::printf(" %.*s0x%0*" PRIx32 "=%" PRIu64, static_cast<int>(family.size()), family.data(),
                    static_cast<int>(digits), key, count);
    };
    abi::StatisticsText{before, after, print_count, print_keyed}.print();
}

void print_name(const char* name) {
    std::printf("%.*sworkload=linux/%s", static_cast<int>(abi::result_prefix.size()),
                abi::result_prefix.data(), name);
}

void print_measurement(const Measurement& measurement) {
    print_count("", "ticks", measurement.ticks());
    if (measurement.has_counters())
        print_statistics(measurement.before(), measurement.after());
    std::printf("\n");
}

} // namespace

void print_switches_result(const char* name, std::uint64_t switches,
                           const Measurement& measurement) {
    print_name(name);
    print_count("", "switches", switches);
    print_measurement(measurement);
}

void print_operations_result(const char* name, std::uint64_t operations, std::uint64_t entries,
                             const Measurement& measurement) {
    print_name(name);
    print_count("", "operations", operations);
    print_count("", "entries", entries);
    print_measurement(measurement);
}

} // namespace linux_guest
