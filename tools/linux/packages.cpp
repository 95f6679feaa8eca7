#include "tools/linux/packages.h"

#include "tools/host/build_folder.h"
#include "tools/host/child_process.h"
#include "tools/host/failure.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <system_error>

namespace tool {
namespace {

namespace fs = std::filesystem;

/// Lines of output that are shown of a program that failed.
constexpr std::size_t shown_lines = 4;

/// A folder that is renamed to `final_path` when it is complete. If that does not happen, it is
/// removed with everything in it.
class NewFolder {
  public:
    explicit NewFolder(const fs::path& final_path) : final_path_(final_path) {
        std::error_code error;
        fs::create_directories(final_path.parent_path(), error);
        std::string name = final_path.string() + ".XXXXXX";
        if (error || mkdtemp(name.data()) == nullptr) {
            throw Failure(fmt::format("cannot create a folder in {}: {}",
                                      final_path.parent_path().string(),
                                      error ? error.message() : std::strerror(errno)));
        }
        path_ = name;
    }
    ~NewFolder() {
        std::error_code ignored; // a destructor cannot report it
        fs::remove_all(path_, ignored);
    }
    NewFolder(const NewFolder&) = delete;
    NewFolder& operator=(const NewFolder&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }
    /// Renames the folder. If another process has created `final_path` meanwhile, that one stays.
    void finish() {
        std::error_code error;
        fs::rename(path_, final_path_, error);
        if (error && !fs::exists(final_path_))
            throw Failure(
                fmt::format("cannot create {}: {}", final_path_.string(), error.message()));
    }

  private:
    fs::path final_path_;
    fs::path path_;
};

Failure no_package(std::string_view name, std::string_view why) {
    return Failure(fmt::format("the Debian package {} is needed but not available: {}", name, why));
}

std::string resolve(const Package& package) {
    if (!package.is_meta)
        return std::string(package.name);
    const Captured depends = capture({"apt-cache", "depends", std::string(package.name)});
    const std::optional<std::string> name = first_dependency(depends.output);
    if (depends.status != 0 || !name) {
        throw no_package(package.name,
                         fmt::format("apt does not know it; `apt-get update` may help{}{}",
                                     depends.output.empty() ? "" : ":\n",
                                     last_lines(depends.output, shown_lines)));
    }
    return *name;
}

fs::path download(const std::string& name, const fs::path& folder) {
    const Captured apt = capture(
        {"sh", "-c", R"(cd "$1" && exec apt-get download "$2")", "sh", folder.string(), name});
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
        if (apt.status == 0 && entry.path().extension() == ".deb")
            return entry.path();
    throw no_package(name, fmt::format("apt-get could not download it (is there a network? "
                                       "`apt-get update` may help):\n{}",
                                       last_lines(apt.output, shown_lines)));
}

void unpack(const Package& package, const fs::path& archive, const fs::path& folder) {
    const Captured tar = capture(
        {"sh", "-c",
         R"(dpkg-deb --fsys-tarfile "$1" | tar --extract --directory "$2" --wildcards "$3")", "sh",
         archive.string(), folder.string(), std::string(package.files)});
    if (tar.status != 0) {
        throw no_package(package.name,
                         fmt::format("{} could not be unpacked:\n{}", archive.filename().string(),
                                     last_lines(tar.output, shown_lines)));
    }
    fs::remove(archive);
}

} // namespace

std::optional<std::string> first_dependency(std::string_view text) {
    std::istringstream words{std::string(text)};
    for (std::string word; words >> word;)
        if (word == "Depends:" && words >> word)
            return word;
    return std::nullopt;
}

std::vector<std::filesystem::path> library_files(std::string_view text) {
    // "libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)", "/lib64/ld-linux... (0x...)"
    std::vector<std::filesystem::path> files;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("not found") != std::string::npos)
            throw Failure(fmt::format("a shared library is missing: {}", line));
        const std::size_t begin = line.find('/');
        if (begin != std::string::npos)
            files.emplace_back(line.substr(begin, line.find(' ', begin) - begin));
    }
    return files;
}

fs::path package_folder(const Package& package, Progress& progress) {
    fs::path folder = build_folder() / "linux" / package.name;
    if (fs::exists(folder))
        return folder;
    for (const std::string_view program : {"apt-get", "apt-cache", "dpkg-deb"}) {
        if (!find_program(program))
            throw no_package(package.name,
                             fmt::format("there is no {}, so this is not Debian", program));
    }
    const std::string name = resolve(package);
    progress.say(fmt::format("downloading the Debian package {}", name));
    NewFolder unfinished(folder);
    unpack(package, download(name, unfinished.path()), unfinished.path());
    unfinished.finish();
    return folder;
}

} // namespace tool
