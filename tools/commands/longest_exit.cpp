#include "tools/commands/boot.h"
#include "tools/commands/commands.h"
#include "tools/commands/measured_boots.h"
#include "tools/commands/profiles.h"
#include "tools/host/failure.h"
#include "tools/host/interruption.h"
#include "tools/host/progress.h"
#include "tools/longest_exit/search.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace tool {
namespace {

using Clock = std::chrono::steady_clock;

/// Cases that are drawn before any of them is run. The same on every host, since it decides which
/// cases are drawn.
constexpr std::uint64_t cases_at_a_time = 4;
/// A case takes some seconds; it takes this long only if something hangs.
constexpr std::chrono::seconds case_time_limit{120};
constexpr std::uint32_t unaware_percent_on_classic = 25;
constexpr std::size_t shown_failures = 3;

/// The search on one profile, and what it has found so far.
class Hunt {
  public:
    Hunt(const LongestExitOptions& options, const Machine& machine)
        : options_(options), machine_(machine),
          monitor_(monitor_options(options.boot, parse_profile(options.boot.profile),
                                   abi::Interface::lazy)),
          search_(options.seed,
                  monitor_.profile == abi::Profile::classic ? unaware_percent_on_classic : 0) {}

    void run() {
        const auto end = Clock::now() + std::chrono::seconds(options_.seconds) +
                         std::chrono::minutes(options_.minutes);
        const bool is_timed = options_.seconds + options_.minutes > 0;
        const std::uint64_t wanted = is_timed ? ~std::uint64_t{0} : options_.cases;
        while (search_.cases() < wanted && (!is_timed || Clock::now() < end)) {
            throw_if_interrupted();
            run_batch(std::min(cases_at_a_time, wanted - search_.cases()));
        }
        progress_.clear();
    }

    void run_one(const ExitCase& one) {
        const CaseResult result = run_exit_case(machine_, monitor_, one);
        note(one, result);
        for (const StepResult& step : result.steps)
            fmt::print("{:>12}  {} {}\n", step.instructions, step.kind, step.what);
    }

    [[nodiscard]] bool exceeds_bound() const {
        const ExitRecord* const longest = search_.longest();
        return longest != nullptr && longest->step.instructions > options_.bound;
    }

    void print_summary() {
        progress_.clear();
        std::vector<const std::pair<const std::string, ExitRecord>*> records;
        for (const auto& record : search_.records())
            records.push_back(&record);
        std::stable_sort(records.begin(), records.end(), [](const auto* one, const auto* other) {
            return one->second.step.instructions > other->second.step.instructions;
        });
        fmt::print("\nThe longest exit of each kind of step, in monitor instructions:\n");
        for (const auto* const record : records)
            fmt::print("{:>12}  {}\n", record->second.step.instructions, record->first);
        fmt::print("{}: {} cases, {} steps, {} cases ended early\n", abi::name(monitor_.profile),
                   search_.cases(), search_.steps(), failures_);
        for (const std::string& failure : failure_texts_)
            fmt::print("{}\n", failure);
        print_longest();
    }

  private:
    const LongestExitOptions& options_;
    Machine machine_;
    MonitorOptions monitor_;
    ExitSearch search_;
    Progress progress_;
    std::uint64_t failures_ = 0;
    std::vector<std::string> failure_texts_;

    void run_batch(std::uint64_t count) {
        std::vector<ExitCase> cases(count);
        std::generate(cases.begin(), cases.end(), [this] { return search_.next(); });
        std::vector<CaseResult> results(count);
        boot_in_parallel(count, [&](std::size_t index) {
            results[index] = run_exit_case(machine_, monitor_, cases[index]);
        });
        for (std::size_t index = 0; index < count; ++index)
            note(cases[index], results[index]);
        const ExitRecord* const longest = search_.longest();
        progress_.say(fmt::format("{} cases, the longest exit took {} instructions",
                                  search_.cases(),
                                  longest != nullptr ? longest->step.instructions : 0));
    }

    void note(const ExitCase& one, const CaseResult& result) {
        if (search_.take(one, result) && options_.one_case.empty())
            print_longest();
        if (result.failure.empty())
            return;
        if (++failures_ <= shown_failures)
            failure_texts_.push_back(fmt::format("{}\n  repeat  {}", result.failure, repeat(one)));
    }

    [[nodiscard]] std::string repeat(const ExitCase& one) const {
        return fmt::format(
            "./lazyhv longest-exit --profile {}{}{} --case {}", abi::name(monitor_.profile),
            options_.boot.memory == LongestExitOptions().boot.memory
                ? ""
                : " --memory " + options_.boot.memory,
            options_.boot.shadow_memory.empty() ? ""
                                                : " --shadow-memory " + options_.boot.shadow_memory,
            text(one));
    }

    void print_longest() {
        const ExitRecord* const longest = search_.longest();
        if (longest == nullptr)
            return;
        progress_.clear();
        const StepResult& step = longest->step;
        fmt::print("{}: longest exit {} monitor instructions, {} the bound of {}\n"
                   "  in      {}: {} {}, after {} steps\n  repeat  {}\n",
                   abi::name(monitor_.profile), step.instructions,
                   step.instructions > options_.bound ? "above" : "within", options_.bound,
                   step.reason, step.kind, step.what, longest->one.steps.size() - 1,
                   repeat(longest->one));
        std::fflush(stdout);
    }
};

} // namespace

int longest_exit(const LongestExitOptions& options) {
    if (parse_profile(options.boot.profile) == abi::Profile::bare)
        throw Failure("the bare machine has no monitor: give classic, hardened or modern");
    const bool is_one = !options.one_case.empty();
    const ExitCase one = is_one ? parse_exit_case(options.one_case) : ExitCase();
    Hunt hunt(options, choose_machine(options.boot, case_time_limit));
    try {
        if (is_one)
            hunt.run_one(one);
        else
            hunt.run();
    } catch (const Interrupted&) {
        hunt.print_summary();
        throw;
    }
    hunt.print_summary();
    return hunt.exceeds_bound() ? 1 : 0;
}

} // namespace tool
