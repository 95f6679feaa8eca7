// The fidelity guest: makes random cases from a seed, runs them, and prints a line for each. On the
// bare machine and under every profile the lines must be the same (docs/fidelity.md).

#include "guest/kernel/console/serial_port.h"
#include "guest/kernel/cpu/port.h"
#include "shared/console.h"
#include "tests/fidelity/guest/kinds.h"
#include "tests/fidelity/guest/options.h"
#include "tests/fidelity/guest/real_mode.h"
#include "tests/fidelity/guest/run_case.h"
#include "tests/fidelity/guest/tables.h"
#include "tests/fidelity/guest/text.h"
#include "tests/fidelity/guest/translations.h"
#include "tests/fidelity/guest/window.h"

namespace fidelity {
namespace {

constinit Case test_case;

bool is_left_out(const Options& options) {
    for (std::uint32_t index = 0; index < test_case.kind_count; ++index)
        if (is_in_list(options.left_out, test_case.kinds[index]->name))
            return true;
    for (std::uint32_t feature = 0; feature < feature_count; ++feature)
        if ((test_case.uses >> feature & 1) != 0 &&
            is_in_list(options.left_out, feature_names[feature]))
            return true;
    return false;
}

/// "@case NUMBER WITHOUT HASH", with "-" for the hash of a case that is left out. With details
/// "@what NUMBER WITHOUT ..." before the case is run, and "@seen NUMBER WITHOUT ..." after it.
void run_variant(const Options& options, std::uint64_t number, std::uint32_t without) {
    generate(test_case, options.seed, number, without | options.without);
    const std::uint64_t shown = without;
    if (is_left_out(options))
        return print("@case ", number, " ", shown, " -\n");
    Report report(options.details);
    if (options.details)
        print("@what ", number, " ", shown);
    describe_case(report, test_case);
    if (options.details)
        print("\n");
    run_case(test_case);
    if (options.details)
        print("@seen ", number, " ", shown);
    describe_outcome(report, test_case);
    if (options.details)
        print("\n");
    print("@case ", number, " ", shown, " ", Hex{report.hash()}, "\n");
}

/// With each subset of the features that the case uses left out.
void run_variants(const Options& options, std::uint64_t number) {
    generate(test_case, options.seed, number, options.without);
    const std::uint32_t uses = test_case.uses & ~options.without;
    std::uint32_t without = 0;
    do {
        run_variant(options, number, without);
        without = (without - uses) & uses; // the next subset
    } while (without != 0);
}

/// "@kind NAME COUNT" for each kind: how many of the cases have such an instruction.
void count_kinds(const Options& options) {
    constexpr std::size_t most_kinds = 200;
    static std::uint64_t counts[most_kinds];
    for (std::uint64_t number = options.first; number < options.first + options.count; ++number) {
        generate(test_case, options.seed, number, 0);
        std::size_t index = 0;
        for (const Group& group : groups)
            for (const Kind& kind : group.kinds()) {
                for (std::uint32_t place = 0; place < test_case.kind_count; ++place)
                    counts[index] += test_case.kinds[place] == &kind ? 1 : 0;
                ++index;
            }
    }
    std::size_t index = 0;
    for (const Group& group : groups)
        for (const Kind& kind : group.kinds())
            print("@kind ", kind.name, " ", counts[index++], "\n");
}

void run_list(const Options& options) {
    for (std::uint32_t index = 0; index < options.listed; ++index) {
        const ListedCase& listed = options.list[index];
        print("@begin ", listed.number, " ", std::uint64_t{listed.without}, "\n");
        if (options.variants)
            run_variants(options, listed.number);
        else
            run_variant(options, listed.number, listed.without);
    }
}

} // namespace

extern "C" [[noreturn]] void kernel_main(std::uint64_t start_information) {
    const Options& options = read_options(start_information);
    guest::serial_port::initialise();
    // No interrupt of the machine may come in a case.
    constexpr std::uint16_t first_mask = 0x21;
    constexpr std::uint16_t second_mask = 0xA1;
    guest::port::out8(first_mask, 0xFF);
    guest::port::out8(second_mask, 0xFF);
    initialise_tables();
    window::initialise();
    initialise_cases();
    processor.real_mode = options.real_mode;
    if (options.real_mode)
        real_mode::initialise();
    if (options.translations) {
        run_translations(options);
        end_run(0);
    }
    if (options.listed > 0) {
        run_list(options);
        end_run(0);
    }
    print("@begin ", options.first, " 0\n");
    for (std::uint64_t index = 0; index < options.count; ++index)
        run_variant(options, options.first + index, 0);
    if (options.counts_kinds)
        count_kinds(options);
    end_run(0);
}

} // namespace fidelity
