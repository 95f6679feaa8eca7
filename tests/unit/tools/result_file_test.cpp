#include "tools/host/failure.h"
#include "tools/results/result_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/resource.h>

namespace tool {
namespace {

/// A folder of its own for each test, removed with all it holds.
class ResultFile : public testing::Test {
  protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "result-file-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path file() const { return folder_ / "results.json"; }
    [[nodiscard]] std::string content() const {
        std::ifstream stream(file());
        return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
    }
    [[nodiscard]] std::ptrdiff_t files_in_folder() const {
        return std::distance(std::filesystem::directory_iterator(folder_),
                             std::filesystem::directory_iterator());
    }

    std::filesystem::path folder_;
};

TEST_F(ResultFile, IsMadeAndReplaced) {
    write_result_file(file(), "old");
    EXPECT_EQ(content(), "old");
    write_result_file(file(), "new");
    EXPECT_EQ(content(), "new");
    EXPECT_EQ(files_in_folder(), 1);
}

/// A limit on the size of files stands for the full disk: writing fails half-way.
TEST_F(ResultFile, StaysWholeWhenWritingFails) {
    write_result_file(file(), "old");
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler_before = std::signal(SIGXFSZ, SIG_IGN);
    rlimit limit = before;
    limit.rlim_cur = 1000;
    ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    std::string message;
    try {
        write_result_file(file(), std::string(5000, 'x'));
    } catch (const Failure& failure) {
        message = failure.what();
    }
    setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler_before);
    EXPECT_THAT(message, testing::HasSubstr("cannot write the results to " + file().string()));
    EXPECT_THAT(message, testing::HasSubstr("the old file is unchanged"));
    EXPECT_EQ(content(), "old");
    EXPECT_EQ(files_in_folder(), 1);
}

TEST_F(ResultFile, NeedsAFolder) {
    EXPECT_THROW(require_result_folder(folder_ / "none" / "results.json"), Failure);
    EXPECT_THROW(require_result_folder(folder_), Failure);
    EXPECT_NO_THROW(require_result_folder(file()));
    EXPECT_NO_THROW(require_result_folder("results.json"));
}

} // namespace
} // namespace tool
