#include "tools/host/file_descriptor.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tool {

void FileDescriptor::reset() {
    if (is_open())
        close(std::exchange(descriptor_, -1));
}

Pipe open_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw Failure(fmt::format("cannot create a pipe: {}", std::strerror(errno)));
    return {.reading = FileDescriptor(ends[0]), .writing = FileDescriptor(ends[1])};
}

bool write_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

} // namespace tool
