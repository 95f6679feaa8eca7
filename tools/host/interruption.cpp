#include "tools/host/interruption.h"

#include "tools/host/failure.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace tool {
namespace {

// Global, because a signal handler has nothing else to work with.
volatile std::sig_atomic_t caught_signal = 0;
int reading_end = -1;
int writing_end = -1;

void note_signal(int signal_number) {
    caught_signal = signal_number;
    // Nobody reads this byte, so the pipe stays readable for everyone who polls it.
    [[maybe_unused]] const ssize_t written = write(writing_end, "", 1);
}

} // namespace

void catch_interruptions() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
        throw Failure("cannot create a pipe");
    reading_end = ends[0];
    writing_end = ends[1];
    struct sigaction action = {};
    action.sa_handler = note_signal;
    sigemptyset(&action.sa_mask);
    for (const int signal_number : {SIGINT, SIGTERM, SIGHUP})
        sigaction(signal_number, &action, nullptr);
    // If the reader of our output goes away, a write fails; that is enough.
    std::signal(SIGPIPE, SIG_IGN);
}

int interruption_descriptor() { return reading_end; }

void throw_if_interrupted() {
    if (caught_signal != 0)
        throw Interrupted(caught_signal);
}

} // namespace tool
