#include "tools/commands/commands.h"
#include "tools/compare/comparison.h"
#include "tools/compare/comparison_text.h"
#include "tools/host/failure.h"

#include <fmt/format.h>

#include <cstdio>

namespace tool {

int compare(const CompareOptions& options) {
    std::vector<Tolerance> tolerances;
    for (const std::string& text : options.tolerances)
        tolerances.push_back(parse_tolerance(text));
    const StoredResults old_results = read_results(options.old_file);
    const StoredResults new_results = read_results(options.new_file);
    const Comparison comparison = compare_results(old_results, new_results, tolerances);
    fmt::print("{}",
               comparison_text(comparison, options.prints_all ? no_limits : ComparisonLimits{}));
    if (std::fflush(stdout) != 0)
        throw WrongUsage("cannot write the comparison to standard output");
    const bool lacks_benchmark = !comparison.only_old.empty() && !options.may_lack_benchmarks;
    const bool is_worse = comparison.count(Verdict::worse) != 0 ||
                          !comparison.counters_only_old.empty() || lacks_benchmark;
    return is_worse ? 1 : 0;
}

} // namespace tool
