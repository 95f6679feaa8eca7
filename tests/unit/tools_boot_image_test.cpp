// Images that are booted: the same files make the same image at any time.

#include "tools/host/temporary_folder.h"
#include "tools/image/boot_image.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

namespace tool {
namespace {

std::string content(const std::filesystem::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(BootImage, TheSameFilesMakeTheSameImage) {
    const TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "file";
    const auto make = [&](const char* name) {
        std::ofstream(file) << "anything"; // and its time is another
        const std::filesystem::path image = folder.path() / name;
        save_boot_image({.monitor = file, .rom = file, .guest = file}, image);
        return content(image);
    };
    const std::string first = make("first.iso");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100)); // dates have seconds
    const std::string second = make("second.iso");
    EXPECT_GT(first.size(), std::size_t{1} << 20);
    EXPECT_TRUE(first == second);
}

} // namespace
} // namespace tool
