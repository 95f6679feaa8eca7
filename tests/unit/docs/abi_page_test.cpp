// docs/abi.md explains every error of shared/error.h, in its order.

#include "shared/error.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

TEST(AbiPage, ExplainsEveryErrorInOrder) {
    std::ifstream stream(LAZYHV_SOURCE_DIR "/docs/abi.md");
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    std::size_t position = page.find("## Errors");
    ASSERT_NE(position, std::string::npos);
    for (const std::string_view name : abi::error_names) {
        position = page.find("\n| " + std::string(name) + " | ", position);
        ASSERT_NE(position, std::string::npos) << "no row for " << name << ", or not at its place";
    }
}

} // namespace
