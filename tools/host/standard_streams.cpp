#include "tools/host/standard_streams.h"

#include "tools/host/failure.h"
#include "tools/host/interruption.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace tool {

void reserve_standard_streams() {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        // open() takes the lowest number that is free, so the lower ones are in use by now.
        if (fcntl(stream, F_GETFD) < 0)
            open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

void say(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

void require_output_written() {
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
        return;
    const std::string reason = errno == 0 ? "" : fmt::format(": {}", std::strerror(errno));
    throw_if_interrupted();
    throw Failure(fmt::format("cannot write to standard output{}", reason));
}

} // namespace tool
