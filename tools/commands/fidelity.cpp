#include "tools/commands/boot.h"
#include "tools/commands/commands.h"
#include "tools/commands/measured_boots.h"
#include "tools/commands/profiles.h"
#include "tools/fidelity/difference.h"
#include "tools/host/failure.h"
#include "tools/host/interruption.h"
#include "tools/host/progress.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

namespace tool {
namespace {

using Clock = std::chrono::steady_clock;

/// Cases of one boot.
constexpr std::uint64_t cases_of_boot = 1000;
/// A boot with so many cases takes some seconds on an idle host; only if something hangs it takes
/// this long.
constexpr std::chrono::seconds boot_time_limit{600};
/// What is shown: differences of each profile and model, and of each signature.
constexpr std::size_t explained_at_a_time = 24;
constexpr const char* model_without_ept = "core2_penryn_t9600";

/// docs/profiles.md, "classic": it hides INVPCID.
constexpr const char* other_on_classic = "invpcid";
/// And without descriptor-table exiting the operand of SIDT may not lie in a protected page.
constexpr const char* other_without_table_exiting = ",sidt";

struct Column {
    std::string model;
    abi::Profile profile;
};

std::string name(const Column& column) {
    return fmt::format("{}, {}", abi::name(column.profile), column.model);
}

std::vector<Column> chosen_columns(const FidelityOptions& options) {
    std::vector<abi::Profile> profiles;
    for (const std::string& profile : options.profiles)
        profiles.push_back(parse_profile(profile));
    if (options.real_mode) {
        for (const abi::Profile profile : profiles)
            if (profile != abi::Profile::modern)
                throw Failure("only on modern may a guest be in real-address mode");
        profiles = {abi::Profile::modern};
    }
    if (profiles.empty())
        profiles = {abi::Profile::classic, abi::Profile::hardened, abi::Profile::modern};
    std::vector<std::string> models = options.cpu_models;
    if (models.empty()) {
        models = {"corei7_haswell_4770", "corei7_icelake_u"};
        if (!options.real_mode)
            models.emplace_back(model_without_ept);
    }
    std::vector<Column> columns;
    for (const std::string& model : models) {
        columns.push_back({model, abi::Profile::bare});
        for (const abi::Profile profile : profiles) {
            if (profile != abi::Profile::bare &&
                (model != model_without_ept || profile == abi::Profile::classic))
                columns.push_back({model, profile});
        }
    }
    return columns;
}

/// Everything that the command has found so far.
class Comparison {
  public:
    Comparison(const FidelityOptions& options, std::vector<Column> columns)
        : options_(options), columns_(std::move(columns)) {
        BootOptions boot;
        boot.machine = "bochs";
        boot.memory = "64M";
        boot.cpus = options.cpus;
        for (const Column& column : columns_) {
            if (machines_.contains(column.model))
                continue;
            boot.cpu_model = column.model;
            machines_.emplace(column.model, choose_machine(boot, boot_time_limit));
        }
    }

    void run_batch(std::uint64_t first, std::uint64_t count) {
        std::vector<FidelityRun> runs(columns_.size());
        boot_in_parallel(columns_.size(), [&](std::size_t index) {
            runs[index] = run_cases(place(columns_[index]), first, count);
        });
        std::size_t bare = 0;
        for (std::size_t index = 0; index < columns_.size(); ++index) {
            if (columns_[index].profile == abi::Profile::bare) {
                bare = index;
                continue;
            }
            compared_ += runs[index].results.size();
            take(columns_[index], different_cases(runs[bare].results, runs[index].results));
        }
        for (const auto& [kind, times] : runs[bare].kinds)
            kinds_[kind] += times;
        cases_ += count;
    }

    [[nodiscard]] std::uint64_t cases() const { return cases_; }
    [[nodiscard]] std::uint64_t differences() const { return differences_; }

    void print_summary() const {
        std::string names;
        std::size_t covered = 0;
        for (const auto& [kind, count] : kinds_) {
            names += fmt::format("{}{} {}", names.empty() ? "" : ", ", kind, count);
            covered += count > 0 ? 1 : 0;
        }
        fmt::print("kinds of instructions: {} of {} covered: {}\n", covered, kinds_.size(), names);
        for (const auto& [text, count] : signatures_)
            fmt::print("{} x {}\n", count, text);
        fmt::print("{} cases, {} comparisons, {} differ ({} kinds of difference)\n", cases_,
                   compared_, differences_, signatures_.size());
    }

  private:
    const FidelityOptions& options_;
    std::vector<Column> columns_;
    std::map<std::string, Machine> machines_;
    std::map<std::string, std::uint64_t> kinds_;
    std::map<std::string, std::uint64_t> signatures_;
    std::uint64_t cases_ = 0;
    std::uint64_t compared_ = 0;
    std::uint64_t differences_ = 0;

    [[nodiscard]] FidelityPlace place(const Column& column) const {
        std::string left_out = options_.left_out;
        if (column.profile == abi::Profile::classic) {
            left_out += (left_out.empty() ? "" : ",") + std::string(other_on_classic);
            if (column.model == model_without_ept)
                left_out += other_without_table_exiting;
        }
        return {.machine = machines_.at(column.model),
                .profile = column.profile,
                .seed = options_.seed,
                .real_mode = options_.real_mode,
                .left_out = left_out,
                .without = options_.without};
    }

    /// Explains the first ones, and prints those of a kind that has not been seen before.
    void take(const Column& column, std::vector<CaseName> names) {
        differences_ += names.size();
        if (names.empty())
            return;
        fmt::print("{}: {} cases differ\n", name(column), names.size());
        if (names.size() > explained_at_a_time)
            names.resize(explained_at_a_time);
        for (const Difference& difference : explain(place(column), names)) {
            const std::string profile(abi::name(column.profile));
            if (signatures_[profile + ": " + difference.signature]++ > 0)
                continue;
            fmt::print("\n{}: case {}\n{}  repeat   ./lazyhv fidelity --profile {} --cpu {} "
                       "--seed {} --first {} --cases 1{}{}{}{}\n",
                       name(column), difference.name.number, text(difference, profile), profile,
                       column.model, options_.seed, difference.name.number,
                       options_.cpus == 1 ? "" : fmt::format(" --cpus {}", options_.cpus),
                       options_.real_mode ? " --real-mode" : "",
                       options_.left_out.empty() ? "" : " --leave-out " + options_.left_out,
                       options_.without.empty() ? "" : " --without " + options_.without);
        }
        std::fflush(stdout);
    }
};

} // namespace

int fidelity(const FidelityOptions& options) {
    Comparison comparison(options, chosen_columns(options));
    const auto end = Clock::now() + std::chrono::minutes(options.minutes);
    const std::uint64_t wanted = options.minutes > 0 ? ~std::uint64_t{0} : options.cases;
    Progress progress;
    while (comparison.cases() < wanted && (options.minutes == 0 || Clock::now() < end)) {
        throw_if_interrupted();
        const std::uint64_t count = std::min(cases_of_boot, wanted - comparison.cases());
        comparison.run_batch(options.first + comparison.cases(), count);
        progress.say(
            fmt::format("{} cases, {} differ", comparison.cases(), comparison.differences()));
    }
    progress.clear();
    comparison.print_summary();
    return comparison.differences() == 0 ? 0 : 1;
}

} // namespace tool
