#include "tools/host/temporary_folder.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

namespace tool {

TemporaryFolder::TemporaryFolder() {
    std::error_code error;
    const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
    if (error)
        throw Failure("the folder for temporary files does not exist; set TMPDIR to one that does");
    std::string name = (parent / "lazyhv-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr)
        throw Failure(fmt::format("cannot create a temporary folder in {}: {}", parent.string(),
                                  std::strerror(errno)));
    path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored; // a destructor cannot report it
    std::filesystem::remove_all(path_, ignored);
}

} // namespace tool
