// fork, exit and wait: a child that ends at once, again and again.

#include "guest/linux_programs/arguments.h"
#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <cinttypes>
#include <cstdio>
#include <unistd.h>

namespace linux_guest {
namespace {

/// Forks a child whose status is `number`, and which must find the parent's memory as it was.
void fork_once(std::uint32_t number, bool is_spoiled) {
    constexpr std::uint32_t statuses = 128;
    const int expected = static_cast<int>(number % statuses);
    volatile std::uint32_t copied = number;
    const pid_t child = start_process();
    if (child == 0) {
        const std::uint32_t seen = copied;
        copied = ~number; // only in the child's copy
        _exit(static_cast<int>((is_spoiled ? seen + 1 : seen) % statuses));
    }
    if (const int status = wait_for_exit(child); status != expected)
        fail("child %u ended with status %d and not %d", number, status, expected);
    if (copied != number)
        fail("child %u has changed its parent's memory", number);
}

void run(const Arguments& arguments) {
    pin_to_one_processor();
    Measurement measurement;
    for (std::uint32_t number = 0; number < arguments.warm_up; ++number)
        fork_once(number, false);
    measurement.begin();
    for (std::uint32_t number = 0; number < arguments.count; ++number)
        fork_once(number, arguments.is_spoiled && number + 1 == arguments.count);
    measurement.end();
    std::printf("fork: %u children, each with the status it must have; %" PRIu64 " ticks each\n",
                arguments.count, measurement.ticks_for_each(arguments.count));
    print_operations_result("fork", arguments.count, arguments.count, measurement);
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    linux_guest::run(linux_guest::parse_arguments(
        argument_count, arguments,
        {.purpose = "fork, exit and wait, again and again.", .unit = "children"},
        {.count = 200, .warm_up = 10, .is_spoiled = false}));
}
