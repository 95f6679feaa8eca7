#pragma once
// A file that the user has asked for: written completely or not at all.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace tool {

/// A regular file is replaced in one step: the old one stays as it is until all of the new one is
/// safely on the disk. Symbolic links to it stay. What is no regular file (a device, a FIFO, a
/// descriptor that was inherited, /dev/fd/N) is written to.
class OutputFile {
  public:
    /// `what` is written to `path`: "the results". Throws Failure if `path` cannot be written, so
    /// that a long measurement does not begin in vain. Changes nothing, and does not open a FIFO,
    /// whose reader would see its end.
    OutputFile(const std::filesystem::path& path, std::string what);

    /// Both throw Failure when writing fails, and leave no partial file; they wait for the reader
    /// of a FIFO, and throw Interrupted meanwhile.
    void write(std::string_view text) const;
    void copy(const std::filesystem::path& source) const;

  private:
    /// Writes everything to a descriptor. Returns false, with errno set, when that fails.
    using Writer = std::function<bool(int)>;

    void write_with(const Writer& writer) const;
    void replace(const Writer& writer) const;
    void write_into(const Writer& writer) const;

    std::filesystem::path path_;
    std::string what_;
    std::optional<int> descriptor_;  ///< of ours, that `path` stands for
    std::filesystem::path replaced_; ///< the regular file, without links; empty if it is none
};

} // namespace tool
