// docs/monitor.md and docs/proved.md name the bound of an exit that the search and the tests use.

#include "shared/longest_exit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace {

/// With a comma before each three digits.
std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t place = digits.size(); place > 3; place -= 3)
        digits.insert(place - 3, ",");
    return digits;
}

TEST(LongestExitBound, IsTheOneThatThePagesName) {
    for (const char* page : {"/docs/monitor.md", "/docs/proved.md"}) {
        std::ifstream stream(std::string(LAZYHV_SOURCE_DIR) + page);
        const std::string text(std::istreambuf_iterator<char>(stream), {});
        EXPECT_THAT(text, testing::HasSubstr(grouped(abi::longest_exit_bound))) << page;
    }
}

} // namespace
