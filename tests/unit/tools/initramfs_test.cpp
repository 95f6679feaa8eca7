#include "tools/host/failure.h"
#include "tools/host/temporary_folder.h"
#include "tools/linux/initramfs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <archive.h>
#include <archive_entry.h>
#include <fstream>
#include <iterator>
#include <memory>

namespace tool {
namespace {

using testing::ElementsAre;

std::filesystem::path write_file(const std::filesystem::path& path, std::string_view text) {
    std::ofstream(path) << text;
    return path;
}

std::string read_file(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// "PATH: CONTENTS" of each entry; the names of folders end in "/".
std::vector<std::string> contents(const std::filesystem::path& image) {
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(),
                                                                        archive_read_free);
    archive_read_support_format_cpio(reader.get());
    archive_read_open_filename(reader.get(), image.c_str(), 4096);
    std::vector<std::string> found;
    for (archive_entry* entry = nullptr;
         archive_read_next_header(reader.get(), &entry) == ARCHIVE_OK;) {
        EXPECT_EQ(archive_entry_uid(entry), 0);
        EXPECT_EQ(archive_entry_mtime(entry), 0);
        EXPECT_EQ(archive_entry_perm(entry), 0755U);
        std::string bytes(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
        archive_read_data(reader.get(), bytes.data(), bytes.size());
        const bool is_folder = archive_entry_filetype(entry) == AE_IFDIR;
        found.push_back(archive_entry_pathname(entry) + (is_folder ? "/" : ": " + bytes));
    }
    return found;
}

TEST(Initramfs, HasFilesAndTheirFolders) {
    const TemporaryFolder folder;
    const std::filesystem::path a = write_file(folder.path() / "a", "alpha");
    const std::filesystem::path b = write_file(folder.path() / "b", "");
    const std::filesystem::path image = folder.path() / "image";
    write_initramfs(image, {{"lib/x/b", b}, {"init", a}, {"bin/a", a}});
    EXPECT_THAT(contents(image),
                ElementsAre("bin/", "lib/", "lib/x/", "bin/a: alpha", "init: alpha", "lib/x/b: "));
    EXPECT_EQ(read_file(image).substr(0, 6), "070701");
}

TEST(Initramfs, IsTheSameForTheSameFiles) {
    const TemporaryFolder folder;
    const std::filesystem::path a = write_file(folder.path() / "a", "alpha");
    const std::filesystem::path again = write_file(folder.path() / "again", "alpha");
    write_initramfs(folder.path() / "first", {{"x", a}, {"y", a}});
    write_initramfs(folder.path() / "second", {{"y", again}, {"x", again}});
    EXPECT_EQ(read_file(folder.path() / "first"), read_file(folder.path() / "second"));
}

TEST(Initramfs, SaysWhatIsWrong) {
    const TemporaryFolder folder;
    const std::filesystem::path a = write_file(folder.path() / "a", "alpha");
    EXPECT_THROW(write_initramfs(folder.path() / "image", {{"x", a}, {"x", a}}), Failure);
    EXPECT_THROW(write_initramfs(folder.path() / "image", {{"x", folder.path() / "none"}}),
                 Failure);
    EXPECT_THROW(write_initramfs(folder.path() / "none/image", {{"x", a}}), Failure);
}

} // namespace
} // namespace tool
