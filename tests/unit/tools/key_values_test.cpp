#include "tools/host/failure.h"
#include "tools/results/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(KeyValues, AreParsedInTheOrderOfTheLine) {
    EXPECT_THAT(parse_key_values("b=2  a=1 "), ElementsAre(Pair("b", "2"), Pair("a", "1")));
}

TEST(KeyValues, MayBeQuotedOrEmpty) {
    EXPECT_THAT(parse_key_values(R"(cpu="Intel x=y" none= granted="" last=1)"),
                ElementsAre(Pair("cpu", "Intel x=y"), Pair("none", ""), Pair("granted", ""),
                            Pair("last", "1")));
}

TEST(KeyValues, MayBeNone) { EXPECT_THAT(parse_key_values("  "), IsEmpty()); }

TEST(KeyValues, OfTheWrongFormAreRefused) {
    EXPECT_THROW(parse_key_values("word"), Failure);
    EXPECT_THROW(parse_key_values("word a=1"), Failure);
    EXPECT_THROW(parse_key_values("=1"), Failure);
    EXPECT_THROW(parse_key_values("a=1 a=2"), Failure);
    EXPECT_THROW(parse_key_values("a=\"1"), Failure);
}

} // namespace
} // namespace tool
