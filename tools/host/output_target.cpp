#include "tools/host/output_target.h"

#include "tools/host/failure.h"
#include "tools/host/file_descriptor.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace tool {
namespace {

namespace fs = std::filesystem;

/// N for /proc/self/fd/N, whatever the folder is called.
std::optional<int> own_descriptor(const fs::path& path) {
    std::error_code error;
    const fs::path folder = fs::canonical(folder_of(path), error);
    if (error || folder != fmt::format("/proc/{}/fd", getpid()))
        return std::nullopt;
    const std::string name = path.filename().string();
    int number = -1;
    const auto [parsed_to, parse_error] =
        std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = parse_error == std::errc() && parsed_to == name.data() + name.size();
    return is_number ? std::optional(number) : std::nullopt;
}

/// Follows symbolic links until one stands for a descriptor of ours, or to their end, which need
/// not exist. With too many links errno is ELOOP and the result is empty.
fs::path follow_links(fs::path path) {
    constexpr int most_links = 40; // as the kernel
    for (int links = 0; links < most_links; ++links) {
        std::error_code error;
        if (own_descriptor(path) || !fs::is_symlink(fs::symlink_status(path, error)))
            return path;
        path = folder_of(path) / fs::read_symlink(path, error);
    }
    errno = ELOOP;
    return {};
}

/// Whether an inherited descriptor can be written to; errno says why not. Those that this process
/// has opened itself are closed on exec.
bool is_writable(int descriptor) {
    const int flags = fcntl(descriptor, F_GETFL);
    const bool is_inherited = (fcntl(descriptor, F_GETFD) & FD_CLOEXEC) == 0;
    errno = EBADF;
    return flags >= 0 && is_inherited && (flags & O_ACCMODE) != O_RDONLY;
}

/// Whether a device or FIFO can be written to; errno says why not.
bool is_writable(const fs::path& path, mode_t mode) {
    if (access(path.c_str(), W_OK) != 0)
        return false;
    if (S_ISFIFO(mode))
        return true;
    return FileDescriptor(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC))
        .is_open();
}

} // namespace

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

OutputTarget find_output_target(const fs::path& path, std::string_view what) {
    const auto refused = [&](std::string_view why) {
        return Failure(fmt::format("cannot write {} to {}: {}", what, path.string(), why));
    };
    const fs::path end = follow_links(path);
    if (end.empty())
        throw refused(std::strerror(errno));
    if (const std::optional<int> descriptor = own_descriptor(end)) {
        if (!is_writable(*descriptor))
            throw refused(std::strerror(errno));
        return {.descriptor = descriptor, .replaced = {}};
    }
    std::error_code error;
    if (!fs::is_directory(folder_of(end), error))
        throw refused(fmt::format("there is no folder {}", folder_of(end).string()));
    struct stat status {};
    const bool is_there = stat(path.c_str(), &status) == 0;
    if (!is_there && errno != ENOENT)
        throw refused(std::strerror(errno));
    if (is_there && S_ISDIR(status.st_mode))
        throw refused("it is a folder");
    if (!is_there || S_ISREG(status.st_mode)) {
        if (is_there && access(path.c_str(), W_OK) != 0)
            throw refused(std::strerror(errno));
        return {.descriptor = std::nullopt, .replaced = end};
    }
    if (!is_writable(path, status.st_mode))
        throw refused(std::strerror(errno));
    return {.descriptor = std::nullopt, .replaced = {}};
}

} // namespace tool
