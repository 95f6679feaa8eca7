#include "guest/linux_programs/processes.h"

#include "guest/linux_programs/failure.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

namespace linux_guest {

void pin_to_one_processor() {
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0)
        fail_with_errno("sched_getaffinity");
    int first = 0;
    while (first + 1 < CPU_SETSIZE && !CPU_ISSET(first, &allowed))
        ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0)
        fail_with_errno("sched_setaffinity");
}

pid_t start_process() {
    const pid_t process = fork();
    if (process < 0)
        fail_with_errno("fork");
    return process;
}

int wait_for_exit(pid_t process) {
    int status = 0;
    while (waitpid(process, &status, 0) < 0)
        if (errno != EINTR)
            fail_with_errno("waitpid");
    if (WIFSIGNALED(status))
        fail("a child was killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status);
}

Lines open_lines() {
    std::array<int, 2> forth{};
    std::array<int, 2> back{};
    if (pipe2(forth.data(), O_CLOEXEC) != 0 || pipe2(back.data(), O_CLOEXEC) != 0)
        fail_with_errno("pipe2");
    std::signal(SIGPIPE, SIG_IGN); // a failing write says more
    return {.parent = {.reading = back[0], .writing = forth[1]},
            .child = {.reading = forth[0], .writing = back[1]}};
}

void close_line(const Line& line) {
    close(line.reading);
    close(line.writing);
}

void send(const Line& line, std::uint8_t byte) {
    if (write(line.writing, &byte, 1) != 1)
        fail_with_errno("write to the other process");
}

std::uint8_t receive(const Line& line) {
    std::uint8_t byte = 0;
    const ssize_t count = read(line.reading, &byte, 1);
    if (count < 0)
        fail_with_errno("read from the other process");
    if (count == 0)
        fail("the other process is gone");
    return byte;
}

} // namespace linux_guest
