// fork, exec of this same program, exit and wait, again and again.

#include "guest/linux_programs/arguments.h"
#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <array>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace linux_guest {
namespace {

constexpr const char* child_option = "--child";
constexpr std::uint32_t statuses = 128;
/// What the new program must find as the loader left it.
volatile std::uint32_t initialised = 0x1234;

void exec_once(std::uint32_t number, bool is_spoiled) {
    const int expected = static_cast<int>(number % statuses);
    const pid_t child = start_process();
    if (child == 0) {
        initialised = number;
        std::array<char, 16> text{};
        std::snprintf(text.data(), text.size(), "%u", is_spoiled ? number + 1 : number);
        execl("/proc/self/exe", "exec", child_option, text.data(), nullptr);
        fail_with_errno("exec of /proc/self/exe");
    }
    if (const int status = wait_for_exit(child); status != expected)
        fail("child %u ended with status %d and not %d", number, status, expected);
}

/// Runs as the new program: its status is the number that it was given.
int run_child(const char* number) {
    if (initialised != 0x1234)
        fail("the new program has the old one's memory");
    return static_cast<int>(std::strtoul(number, nullptr, 10) % statuses);
}

void run(const Arguments& arguments) {
    pin_to_one_processor();
    Measurement measurement;
    for (std::uint32_t number = 0; number < arguments.warm_up; ++number)
        exec_once(number, false);
    measurement.begin();
    for (std::uint32_t number = 0; number < arguments.count; ++number)
        exec_once(number, arguments.is_spoiled && number + 1 == arguments.count);
    measurement.end();
    std::printf("exec: %u programs, each with the status it must have; %" PRIu64 " ticks each\n",
                arguments.count, measurement.ticks_for_each(arguments.count));
    print_operations_result("exec", arguments.count, arguments.count, measurement);
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    if (argument_count == 3 && std::strcmp(arguments[1], linux_guest::child_option) == 0)
        return linux_guest::run_child(arguments[2]);
    linux_guest::run(linux_guest::parse_arguments(
        argument_count, arguments,
        {.purpose = "fork, exec of this program, exit and wait, again and again.",
         .unit = "programs"},
        {.count = 50, .warm_up = 5, .is_spoiled = false}));
}
