#include "tools/host/file_descriptor.h"

#include <cerrno>
#include <unistd.h>

namespace tool {

void FileDescriptor::reset() {
    if (is_open())
        close(std::exchange(descriptor_, -1));
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
