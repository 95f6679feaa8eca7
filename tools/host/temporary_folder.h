#pragma once
// A private folder for the files of one emulated machine.

#include <filesystem>

namespace tool {

/// Created under $TMPDIR (or /tmp), readable by its owner only. Removed with everything in it when
/// the object is destroyed.
class TemporaryFolder {
  public:
    /// Throws Failure when it cannot be created.
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

} // namespace tool
