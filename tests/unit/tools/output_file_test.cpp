#include "tools/host/failure.h"
#include "tools/host/file_descriptor.h"
#include "tools/host/output_file.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tool {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;

/// A folder of its own for each test, removed with all it holds.
class OutputFiles : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "output-file-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }

    [[nodiscard]] fs::path file() const { return folder_ / "results.json"; }
    static void write(const fs::path& path, std::string_view text) {
        OutputFile(path, "the results").write(text);
    }
    static std::string content(const fs::path& path) {
        std::ifstream stream(path);
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }
    static std::string refusal(const fs::path& path) {
        try {
            const OutputFile file(path, "the results");
        } catch (const Failure& failure) {
            return failure.what();
        }
        return "";
    }
    [[nodiscard]] std::ptrdiff_t files_in_folder() const {
        return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
    }

    fs::path folder_;
};

TEST_F(OutputFiles, AreMadeAndReplaced) {
    write(file(), "old");
    EXPECT_EQ(content(file()), "old");
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
    write(file(), "new");
    EXPECT_EQ(content(file()), "new");
    EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    EXPECT_EQ(files_in_folder(), 1);
}

/// A limit on the size of files stands for the full disk: writing fails half-way.
TEST_F(OutputFiles, StayWholeWhenWritingFails) {
    write(file(), "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler_before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before;
    limit.rlim_cur = 1000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    std::string message;
    try {
        write(file(), std::string(5000, 'x'));
    } catch (const Failure& failure) {
        message = failure.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler_before);
    EXPECT_THAT(message, HasSubstr("cannot write the results to " + file().string()));
    EXPECT_THAT(message, HasSubstr("the old file is unchanged"));
    EXPECT_EQ(content(file()), "old");
    EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(OutputFiles, NeedAFolder) {
    EXPECT_THAT(refusal(folder_ / "none" / "results.json"), HasSubstr("there is no folder"));
    EXPECT_THAT(refusal(folder_), HasSubstr("it is a folder"));
    EXPECT_THAT(refusal(folder_ / std::string(300, 'x')), HasSubstr("File name too long"));
    EXPECT_EQ(refusal(file()), "");
    EXPECT_EQ(files_in_folder(), 0);
}

TEST_F(OutputFiles, AreWrittenThroughLinks) {
    write(file(), "old");
    fs::create_directory(folder_ / "links");
    fs::create_symlink("../second", folder_ / "links" / "first");
    fs::create_symlink("results.json", folder_ / "second");
    fs::create_symlink("new.json", folder_ / "dangling");
    fs::create_symlink("loop", folder_ / "loop");
    write(folder_ / "links" / "first", "new");
    write(folder_ / "dangling", "made");
    EXPECT_TRUE(fs::is_symlink(folder_ / "links" / "first"));
    EXPECT_TRUE(fs::is_symlink(folder_ / "second"));
    EXPECT_TRUE(fs::is_symlink(folder_ / "dangling"));
    EXPECT_EQ(content(file()), "new");
    EXPECT_EQ(content(folder_ / "new.json"), "made");
    EXPECT_THAT(refusal(folder_ / "loop"), HasSubstr("Too many levels of symbolic links"));
}

/// A terminal, because nothing can be replaced in its folder, however wrong the code is.
TEST_F(OutputFiles, MayBeDevices) {
    const FileDescriptor ours(posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(ours.is_open() && grantpt(ours.get()) == 0 && unlockpt(ours.get()) == 0);
    const fs::path device = ptsname(ours.get());
    const FileDescriptor theirs(open(device.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    write(device, "text");
    std::string bytes(100, ' ');
    EXPECT_EQ(read(ours.get(), bytes.data(), bytes.size()), 4);
    EXPECT_TRUE(fs::is_character_file(device));
}

TEST_F(OutputFiles, MayBeFifosWhichAreNotOpenedBefore) {
    const fs::path fifo = folder_ / "fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    const FileDescriptor reader(open(fifo.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    const OutputFile output(fifo, "the results");
    pollfd end{.fd = reader.get(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&end, 1, 0), 0) << "the reader sees an end";
    output.write(std::string(20'000, 'x')); // less than a pipe holds, but not at once
    std::string bytes(30'000, ' ');
    EXPECT_EQ(read(reader.get(), bytes.data(), bytes.size()), 20'000);
    EXPECT_TRUE(fs::is_fifo(fifo));
}

TEST_F(OutputFiles, MayBeInheritedDescriptors) {
    const FileDescriptor opened(open(file().c_str(), O_WRONLY | O_CREAT, 0600));
    write(fmt::format("/dev/fd/{}", opened.get()), "one, ");
    write(fmt::format("/proc/self/fd/{}", opened.get()), "two");
    EXPECT_EQ(content(file()), "one, two");
    const FileDescriptor read_only(open(file().c_str(), O_RDONLY));
    EXPECT_THAT(refusal(fmt::format("/dev/fd/{}", read_only.get())), HasSubstr("Bad file"));
    const FileDescriptor not_inherited(open(file().c_str(), O_WRONLY | O_CLOEXEC));
    EXPECT_THAT(refusal(fmt::format("/dev/fd/{}", not_inherited.get())), HasSubstr("Bad file"));
    EXPECT_THAT(refusal("/dev/fd/987"), HasSubstr("Bad file descriptor"));
}

TEST_F(OutputFiles, MayBeCopies) {
    const std::string bytes(100'000, 'y');
    std::ofstream(folder_ / "source") << bytes;
    OutputFile(file(), "the image").copy(folder_ / "source");
    EXPECT_EQ(content(file()), bytes);
}

} // namespace
} // namespace tool
