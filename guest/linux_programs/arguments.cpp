#include "guest/linux_programs/arguments.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <getopt.h>

namespace linux_guest {
namespace {

constexpr int wrong_usage = 2;
constexpr std::uint32_t max_count = 1'000'000'000;

[[noreturn]] void print_help(const Usage& usage, const Arguments& defaults) {
    const char* const name = program_invocation_short_name;
    std::printf("%s\n\n"
                "  %s [--count N] [--warm-up N] [--spoil]\n\n"
                "  --count N     %s that are measured (default %u)\n"
                "  --warm-up N   %s before (default %u)\n"
                "  --spoil       does something wrong, which must be noticed: status 1\n\n"
                "The status is 0 when all was as it must be. A line \"@result ...\" has the TSC's "
                "ticks, and on lazyhv\nthe monitor's counters.\n",
                usage.purpose, name, usage.unit, defaults.count, usage.unit, defaults.warm_up);
    std::exit(0);
}

[[noreturn]] void refuse(const char* what, const char* word) {
    std::fprintf(stderr, "%s: error: %s%s; --help says what there is\n",
                 program_invocation_short_name, what, word);
    std::exit(wrong_usage);
}

std::uint32_t parse_number(const char* text, std::uint32_t least) {
    char* end = nullptr;
    const unsigned long long number = std::strtoull(text, &end, 10);
    if (end == text || *end != '\0' || *text == '-' || number < least || number > max_count)
        refuse("no number that is possible here: ", text);
    return static_cast<std::uint32_t>(number);
}

} // namespace

Arguments parse_arguments(int argument_count, char** arguments, const Usage& usage,
                          const Arguments& defaults) {
    static constexpr std::array options{option{"count", required_argument, nullptr, 'c'},
                                        option{"warm-up", required_argument, nullptr, 'w'},
                                        option{"spoil", no_argument, nullptr, 's'},
                                        option{"help", no_argument, nullptr, 'h'},
                                        option{nullptr, 0, nullptr, 0}};
    Arguments parsed = defaults;
    for (;;) {
        switch (getopt_long(argument_count, arguments, "h", options.data(), nullptr)) {
        case 'c':
            parsed.count = parse_number(optarg, 1);
            break;
        case 'w':
            parsed.warm_up = parse_number(optarg, 0);
            break;
        case 's':
            parsed.is_spoiled = true;
            break;
        case 'h':
            print_help(usage, defaults);
        case -1:
            if (optind < argument_count)
                refuse("not understood: ", arguments[optind]);
            return parsed;
        default:
            refuse("wrong option", "");
        }
    }
}

} // namespace linux_guest
