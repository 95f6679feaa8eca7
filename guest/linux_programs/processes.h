#pragma once
// Processes of a test program, and the pipes between two of them.

#include <cstdint>
#include <sys/types.h>

namespace linux_guest {

/// Keeps this process and its children on one processor from now on. There each switch is from one
/// of them to the other, and the monitor's counters are those of that processor.
void pin_to_one_processor();

/// Like fork(), but ends the process with a failure instead of returning an error.
pid_t start_process();

/// Waits for the end of a child, and returns its exit status. A child that was killed is a failure.
int wait_for_exit(pid_t process);

/// One side of two pipes, one for each direction.
struct Line {
    int reading;
    int writing;
};
struct Lines {
    Line parent;
    Line child;
};

/// Opens two pipes. Once each process has closed the other's side, it notices when the other one
/// ends.
Lines open_lines();
void close_line(const Line& line);

void send(const Line& line, std::uint8_t byte);
std::uint8_t receive(const Line& line);

} // namespace linux_guest
