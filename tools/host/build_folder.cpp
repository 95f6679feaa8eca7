#include "tools/host/build_folder.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <fstream>
#include <string>

namespace tool {

std::filesystem::path build_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path().parent_path();
}

std::filesystem::path built_file(const std::filesystem::path& relative) {
    std::filesystem::path path = build_folder() / relative;
    if (!std::filesystem::exists(path)) {
        throw Failure(fmt::format("{} is not built; start this program through ./lazyhv, which "
                                  "builds what is missing",
                                  path.string()));
    }
    return path;
}

std::filesystem::path source_folder() {
    const std::filesystem::path cache = build_folder() / "CMakeCache.txt";
    constexpr std::string_view key = "CMAKE_HOME_DIRECTORY:INTERNAL=";
    std::ifstream stream(cache);
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(key))
            return line.substr(key.size());
    throw Failure(fmt::format("{} does not name the folder with the sources", cache.string()));
}

} // namespace tool
