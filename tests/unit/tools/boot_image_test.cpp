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
        BootImage image;
        image.monitor = image.rom = image.guest = file;
        save_boot_image(image, folder.path() / name);
        return content(folder.path() / name);
    };
    const std::string first = make("first.iso");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100)); // dates have seconds
    const std::string second = make("second.iso");
    EXPECT_FALSE(first.empty());
    EXPECT_TRUE(first == second);
}

} // namespace
} // namespace tool
