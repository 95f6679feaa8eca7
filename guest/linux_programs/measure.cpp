// measure NAME -- COMMAND ARGUMENT...: runs a command and prints what it took as linux/NAME.

#include "guest/linux_programs/failure.h"
#include "guest/linux_programs/processes.h"
#include "guest/linux_programs/result_line.h"

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace linux_guest {
namespace {

constexpr int wrong_usage = 2;
constexpr const char* help = R"(Runs a command, and prints what it took as the workload linux/NAME.

  measure NAME -- COMMAND [ARGUMENT...]

The status is the command's. A line "@result ..." has the TSC's ticks, and on lazyhv the monitor's
counters; a command that fails has none.
)";

int run(const char* name, char** command) {
    Measurement measurement;
    measurement.begin();
    const pid_t child = start_process();
    if (child == 0) {
        execvp(command[0], command);
        fail_with_errno(command[0]);
    }
    const int status = wait_for_exit(child);
    measurement.end();
    if (status != 0)
        return status;
    std::printf("%s: %" PRIu64 " ticks\n", name, measurement.ticks());
    print_operations_result(name, 1, 1, measurement);
    return 0;
}

} // namespace
} // namespace linux_guest

int main(int argument_count, char** arguments) {
    if (argument_count == 2 && std::strcmp(arguments[1], "--help") == 0) {
        std::printf("%s", linux_guest::help);
        return 0;
    }
    if (argument_count < 4 || std::strcmp(arguments[2], "--") != 0) {
        std::fprintf(stderr, "measure: error: say NAME -- COMMAND; --help says more\n");
        return linux_guest::wrong_usage;
    }
    return linux_guest::run(arguments[1], arguments + 3);
}
