#include "tools/linux/initramfs.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <archive.h>
#include <archive_entry.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>

namespace tool {
namespace {

namespace fs = std::filesystem;

constexpr unsigned int rights = 0755;

/// An archive that is being written.
class Writer {
  public:
    explicit Writer(const fs::path& path)
        : path_(path), archive_(archive_write_new(), archive_write_free) {
        check(archive_write_set_format_cpio_newc(archive_.get()));
        check(archive_write_add_filter_none(archive_.get()));
        check(archive_write_open_filename(archive_.get(), path.c_str()));
    }

    void add_folder(const std::string& path) { add(path, AE_IFDIR, ""); }
    void add_file(const std::string& path, const std::string& bytes) { add(path, AE_IFREG, bytes); }
    void finish() { check(archive_write_close(archive_.get())); }

  private:
    void add(const std::string& path, unsigned int type, const std::string& bytes) {
        const std::unique_ptr<archive_entry, decltype(&archive_entry_free)> entry(
            archive_entry_new(), archive_entry_free);
        archive_entry_set_pathname(entry.get(), path.c_str());
        archive_entry_set_filetype(entry.get(), type);
        archive_entry_set_perm(entry.get(), rights);
        archive_entry_set_uid(entry.get(), 0);
        archive_entry_set_gid(entry.get(), 0);
        archive_entry_set_mtime(entry.get(), 0, 0);
        archive_entry_set_ino64(entry.get(), ++last_number_);
        archive_entry_set_nlink(entry.get(), 1);
        archive_entry_set_size(entry.get(), static_cast<std::int64_t>(bytes.size()));
        check(archive_write_header(archive_.get(), entry.get()));
        if (archive_write_data(archive_.get(), bytes.data(), bytes.size()) < 0)
            check(ARCHIVE_FATAL);
    }
    void check(int status) {
        if (status != ARCHIVE_OK)
            throw Failure(fmt::format("cannot write {}: {}", path_.string(),
                                      archive_error_string(archive_.get())));
    }

    fs::path path_;
    std::unique_ptr<archive, decltype(&archive_write_free)> archive_;
    std::int64_t last_number_ = 0;
};

std::string read_file(const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    if (!stream)
        throw Failure(fmt::format("cannot read {}", path.string()));
    return bytes;
}

/// All parent folders: "a" and "a/b" for "a/b/c". Each comes before what it contains.
std::set<std::string> folders_of(const std::vector<InitramfsFile>& files) {
    std::set<std::string> folders;
    for (const InitramfsFile& file : files) {
        for (fs::path folder = fs::path(file.path).parent_path(); !folder.empty();
             folder = folder.parent_path())
            folders.insert(folder.string());
    }
    return folders;
}

} // namespace

void write_initramfs(const fs::path& image, std::vector<InitramfsFile> files) {
    std::sort(files.begin(), files.end(),
              [](const InitramfsFile& left, const InitramfsFile& right) {
                  return left.path < right.path;
              });
    const auto twice = std::adjacent_find(
        files.begin(), files.end(), [](const InitramfsFile& left, const InitramfsFile& right) {
            return left.path == right.path;
        });
    if (twice != files.end())
        throw Failure(fmt::format("{} is in the initramfs twice", twice->path));
    Writer writer(image);
    for (const std::string& folder : folders_of(files))
        writer.add_folder(folder);
    for (const InitramfsFile& file : files)
        writer.add_file(file.path, read_file(file.source));
    writer.finish();
}

} // namespace tool
