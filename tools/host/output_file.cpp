#include "tools/host/output_file.h"

#include "tools/host/failure.h"
#include "tools/host/file_descriptor.h"
#include "tools/host/interruption.h"
#include "tools/host/output_target.h"

#include <climits>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tool {
namespace {

namespace fs = std::filesystem;

/// A new file beside the one that it will replace. Removed if it does not.
class TemporaryFile {
  public:
    /// Check is_open() afterwards.
    explicit TemporaryFile(const fs::path& target)
        : name_((folder_of(target) / "lazyhv-XXXXXX").string()),
          file_(mkostemp(name_.data(), O_CLOEXEC)) {}
    ~TemporaryFile() {
        if (is_open() && !has_replaced_)
            unlink(name_.c_str());
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    [[nodiscard]] bool is_open() const { return file_.is_open(); }
    [[nodiscard]] int descriptor() const { return file_.get(); }
    bool replace(const fs::path& target) {
        has_replaced_ = std::rename(name_.c_str(), target.c_str()) == 0;
        return has_replaced_;
    }

  private:
    std::string name_;
    FileDescriptor file_;
    bool has_replaced_ = false;
};

/// Those of the file that is replaced, or those that a new file gets.
mode_t permissions(const fs::path& path) {
    struct stat status {};
    if (stat(path.c_str(), &status) == 0)
        return status.st_mode & 07777;
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

/// As write_all. Throws Interrupted while whoever reads a pipe lets it wait.
bool write_interruptibly(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        std::array<pollfd, 2> waited{
            {{.fd = descriptor, .events = POLLOUT, .revents = 0},
             {.fd = interruption_descriptor(), .events = POLLIN, .revents = 0}}};
        poll(waited.data(), waited.size(), -1);
        throw_if_interrupted();
        // A pipe that is ready takes this much at once.
        const ssize_t written =
            ::write(descriptor, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
        if (written < 0 && errno != EINTR && errno != EAGAIN)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
    }
    return true;
}

bool copy_bytes(int source, int target) {
    std::array<char, 65536> bytes{};
    for (;;) {
        const ssize_t count = read(source, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count == 0;
        if (!write_interruptibly(target, {bytes.data(), static_cast<std::size_t>(count)}))
            return false;
    }
}

/// Waits for a FIFO's reader without sleeping in open(), which a signal may come too early to end.
FileDescriptor open_to_write(const fs::path& path) {
    constexpr int pause_milliseconds = 100;
    for (;;) {
        FileDescriptor file(open(path.c_str(), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
        if (file.is_open())
            fcntl(file.get(), F_SETFL, O_WRONLY);
        if (file.is_open() || errno != ENXIO || !fs::is_fifo(path))
            return file;
        pollfd waited{.fd = interruption_descriptor(), .events = POLLIN, .revents = 0};
        poll(&waited, 1, pause_milliseconds);
        throw_if_interrupted();
    }
}

/// Pipes and terminals have nothing to flush to a disk, and say so.
bool flush_to_disk(int descriptor) {
    return fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP;
}

Failure cannot_write(std::string_view what, const fs::path& path, std::string_view what_stays) {
    return Failure(fmt::format("cannot write {} to {}: {}{}", what, path.string(),
                               std::strerror(errno), what_stays));
}

} // namespace

OutputFile::OutputFile(const fs::path& path, std::string what)
    : path_(path), what_(std::move(what)) {
    const OutputTarget target = find_output_target(path_, what_);
    descriptor_ = target.descriptor;
    replaced_ = target.replaced;
    if (!replaced_.empty() && !TemporaryFile(replaced_).is_open())
        throw cannot_write(what_, path_, "");
}

void OutputFile::write(std::string_view text) const {
    write_with([text](int target) { return write_interruptibly(target, text); });
}

void OutputFile::copy(const fs::path& source) const {
    const FileDescriptor file(open(source.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open())
        throw Failure(fmt::format("cannot read {}: {}", source.string(), std::strerror(errno)));
    write_with([&file](int target) { return copy_bytes(file.get(), target); });
}

void OutputFile::write_with(const Writer& writer) const {
    if (replaced_.empty())
        write_into(writer);
    else
        replace(writer);
}

void OutputFile::replace(const Writer& writer) const {
    const std::string_view what_stays = fs::exists(replaced_) ? "; the old file is unchanged" : "";
    TemporaryFile file(replaced_);
    const bool is_replaced = file.is_open() && writer(file.descriptor()) &&
                             fchmod(file.descriptor(), permissions(replaced_)) == 0 &&
                             fsync(file.descriptor()) == 0 && file.replace(replaced_);
    if (!is_replaced)
        throw cannot_write(what_, path_, what_stays);
    // The new name is safely on the disk only after the folder is.
    const FileDescriptor folder(
        open(folder_of(replaced_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.is_open())
        fsync(folder.get());
}

void OutputFile::write_into(const Writer& writer) const {
    std::fflush(stdout); // which may be the same
    FileDescriptor opened;
    if (!descriptor_)
        opened = open_to_write(path_);
    const int file = descriptor_.value_or(opened.get());
    if (file < 0 || !writer(file) || !flush_to_disk(file))
        throw cannot_write(what_, path_, "");
}

} // namespace tool
