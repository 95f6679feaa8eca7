// Random sequences of everything that may be queued, one call after the other and in batches: both
// guests must end alike. Prints what was run, or a short sequence for which they do not.

#include "shared/call_table.h"
#include "tests/differential/generator.h"
#include "tests/differential/pair.h"
#include "tests/differential/shrink.h"

#include <CLI/CLI.hpp>

#include <iostream>
#include <memory>

namespace differential {
namespace {

// On `modern` no call waits: there is nothing to compare.
constexpr bool is_queued_somewhere(abi::Profile profile) {
    for (std::uint32_t call = 0; call < abi::call_limit; ++call)
        if (abi::answer(call, profile, abi::Interface::lazy) == abi::Answer::queued)
            return true;
    return false;
}
static_assert(!is_queued_somewhere(abi::Profile::modern));

struct Options {
    std::uint64_t sequences = 500000;
    std::uint64_t seed = 1;
    std::string profile = "classic";
    std::uint32_t vcpus = 1;

    abi::Profile chosen() const {
        return profile == "classic" ? abi::Profile::classic : abi::Profile::hardened;
    }
};

/// Sequences that go on where the last one ended; then new guests.
constexpr std::uint64_t sequences_of_pair = 4096;
/// Sequences between looks at all memory.
constexpr std::uint64_t looks_every = 32;

/// A pair, and the sequences of its life in order.
class Life {
  public:
    Life(const Options& options, std::uint64_t number)
        : pair{options.chosen(), options.vcpus}, generator_{pair.guest(), options.vcpus},
          seed_{options.seed << 32 ^ number * sequences_of_pair} {}

    Sequence next() {
        pair.guest().select();
        return generator_.sequence(seed_ + sequence_++);
    }
    Pair pair;

  private:
    Generator generator_;
    std::uint64_t seed_;
    std::uint64_t sequence_ = 0;
};

/// Runs a life again, up to the first sequence with which it differs when looked at closely: `last`
/// at the latest. Then makes that sequence short.
void explain(const Options& options, std::uint64_t number, std::uint64_t last) {
    auto life = std::make_unique<Life>(options, number);
    Sequence sequence;
    std::uint64_t index = 0;
    for (;; ++index) {
        sequence = life->next();
        const bool looks = index + looks_every >= last;
        if (index >= last ||
            (looks && fails_in_child([&] { return life->pair.run(sequence, true); })))
            break;
        life->pair.run(sequence, looks);
    }
    std::cout << "seed " << options.seed << ", pair " << number << ", sequence " << index << " of "
              << sequence.size() << " operations:\n";
    const auto fails_here = [&](const Sequence& candidate) {
        return fails_in_child([&] { return life->pair.run(candidate, true); });
    };
    const auto fails_anew = [&](const Sequence& candidate) {
        return fails_in_child([&] {
            return Pair{options.chosen(), options.vcpus}.run(candidate, true);
        });
    };
    const bool anew = fails_anew(sequence);
    sequence = anew ? shrink(sequence, fails_anew) : shrink(sequence, fails_here);
    if (anew)
        life = std::make_unique<Life>(options, number);
    life->pair.complaint.clear();
    life->pair.run(sequence, true);
    std::cout << life->pair.complaint << "after " << (anew ? "the start" : "what came before")
              << ", these " << sequence.size() << " operations:\n";
    for (const Operation& operation : sequence)
        std::cout << "  " << text(operation) << '\n';
}

/// Whether everything that can be tried was tried.
bool is_complete(const Options& options, const Counts& counts) {
    bool complete = counts.refused > 0 && counts.discarded > 0;
    complete = complete && (counts.pauses > 0) == (options.vcpus == 1);
    if (options.chosen() == abi::Profile::classic)
        complete = complete && counts.left_out > 0 && counts.free_loads > 0;
    for (const abi::CallInfo& info : abi::call_table) {
        const auto call = static_cast<std::uint32_t>(info.call);
        const abi::Answer answer = abi::answer(call, options.chosen(), abi::Interface::lazy);
        if (answer != abi::Answer::queued && answer != abi::Answer::synchronous)
            continue;
        // No vCPU waits to be started, and three calls are never refused.
        const bool never = info.call == abi::Call::set_initial_ap_state;
        const bool always = info.call == abi::Call::clts || info.call == abi::Call::inval_page ||
                            info.call == abi::Call::flush_tlb;
        if ((counts.executed[call] == 0 && !never) ||
            (counts.refused_calls[call] == 0 && !always)) {
            std::cout << info.name << " was executed " << counts.executed[call]
                      << " times, refused " << counts.refused_calls[call] << " times\n";
            complete = false;
        }
    }
    return complete;
}

int run(const Options& options) {
    Counts counts;
    for (std::uint64_t done = 0, number = 0; done < options.sequences; ++number) {
        Life life(options, number);
        for (std::uint64_t index = 1; index <= sequences_of_pair && done < options.sequences;
             ++index, ++done) {
            if (life.pair.run(life.next(), index % looks_every == 0))
                continue;
            std::cout << life.pair.complaint;
            explain(options, number, index - 1);
            return 1;
        }
        life.pair.counts.pauses = life.pair.pauses();
        counts.add(life.pair.counts);
    }
    std::cout << options.profile << ", " << options.vcpus << " vCPUs: " << options.sequences
              << " sequences, " << counts.operations << " operations; " << counts.flushes
              << " batches of " << counts.entries << " entries executed, " << counts.refused
              << " refused, " << counts.discarded << " entries discarded, " << counts.left_out
              << " calls left out, " << counts.free_loads << " roots without an exit, "
              << counts.pauses << " pauses, " << counts.accesses << " accesses ("
              << counts.translated << " translated), " << std::popcount(counts.errors) - 1
              << " kinds of error, " << counts.comparisons << " comparisons\n";
    return is_complete(options, counts) ? 0 : 1;
}

} // namespace
} // namespace differential

int main(int count, char** words) {
    differential::Options options;
    CLI::App application("the same calls one by one and in batches");
    application.add_option("--sequences", options.sequences);
    application.add_option("--seed", options.seed);
    application.add_option("--profile", options.profile)
        ->check(CLI::IsMember({"classic", "hardened"}));
    application.add_option("--vcpus", options.vcpus)->check(CLI::Range(1U, 2U));
    CLI11_PARSE(application, count, words);
    return differential::run(options);
}
