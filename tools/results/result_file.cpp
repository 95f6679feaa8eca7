#include "tools/results/result_file.h"

#include "tools/host/failure.h"
#include "tools/host/file_descriptor.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace tool {
namespace {

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Failure cannot_write(const std::filesystem::path& path, std::string_view what_stays) {
    return Failure(fmt::format("cannot write the results to {}: {}{}", path.string(),
                               std::strerror(errno), what_stays));
}

/// The permissions that a newly created file gets.
mode_t new_file_mode() {
    const mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

} // namespace

void require_result_folder(const std::filesystem::path& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error))
        throw Failure(fmt::format("cannot write the results to {}: it is a folder", path.string()));
    if (!std::filesystem::is_directory(folder_of(path), error))
        throw Failure(fmt::format("cannot write the results to {}: there is no folder {}",
                                  path.string(), folder_of(path).string()));
    if (access(folder_of(path).c_str(), W_OK) != 0)
        throw cannot_write(path, "");
}

void write_result_file(const std::filesystem::path& path, std::string_view text) {
    const bool is_there = std::filesystem::exists(path);
    const std::string_view what_stays = is_there ? "; the old file is unchanged" : "";
    std::string temporary = path.string() + ".XXXXXX";
    FileDescriptor file(mkostemp(temporary.data(), O_CLOEXEC));
    if (!file.is_open())
        throw cannot_write(path, what_stays);
    const bool is_written = write_all(file.get(), text) &&
                            fchmod(file.get(), new_file_mode()) == 0 && fsync(file.get()) == 0 &&
                            rename(temporary.c_str(), path.c_str()) == 0;
    if (!is_written) {
        const int error = errno;
        unlink(temporary.c_str());
        errno = error;
        throw cannot_write(path, what_stays);
    }
    // The new name is safely on the disk only after the folder is.
    const FileDescriptor folder(open(folder_of(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.is_open())
        fsync(folder.get());
}

} // namespace tool
