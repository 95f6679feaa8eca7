// `lazyhv compare`, as a continuous-integration job would use it: by its exit status.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>

namespace test {
namespace {

using testing::HasSubstr;

/// A folder with result files.
class CompareCommand : public testing::Test {
  protected:
    /// Writes a file with one benchmark for each number of exits; returns its path.
    std::string write(const std::string& name, const std::map<std::string, double>& exits) {
        nlohmann::json document{{"context", {{"machine", "bochs"}}},
                                {"benchmarks", nlohmann::json::array()}};
        for (const auto& [benchmark, count] : exits)
            document["benchmarks"].push_back(
                {{"name", benchmark}, {"iterations", 10}, {"exits_per_switch", count}});
        const std::string path = holder_.folder() / name;
        std::ofstream(path) << document;
        return path;
    }

    Command holder_{std::vector<std::string>{"true"}}; ///< its folder keeps the files
    std::string old_ = write("old.json", {{"a", 100}, {"b", 7}});
};

TEST_F(CompareCommand, SucceedsIfNothingGotWorse) {
    for (const auto& exits : {std::map<std::string, double>{{"a", 100}, {"b", 7}},
                              std::map<std::string, double>{{"a", 100}, {"b", 1}},
                              std::map<std::string, double>{{"a", 100}, {"b", 7}, {"c", 3}}}) {
        const Outcome outcome = lazyhv({"compare", old_, write("new.json", exits)});
        EXPECT_EQ(outcome.status, 0) << outcome.output;
        EXPECT_EQ(outcome.error, "");
        EXPECT_THAT(outcome.output, HasSubstr("counters: 0 worse"));
    }
}

TEST_F(CompareCommand, FailsIfACounterGotWorse) {
    const Outcome outcome = lazyhv({"compare", old_, write("new.json", {{"a", 99}, {"b", 8}})});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("    7    8  +14.3%  exits_per_switch  b\n"));
    EXPECT_THAT(outcome.output, HasSubstr("counters: 1 worse, 0 tolerated, 1 better"));
}

TEST_F(CompareCommand, ToleratesWhatItIsToldTo) {
    const std::string now = write("new.json", {{"a", 102}, {"b", 7}});
    EXPECT_EQ(lazyhv({"compare", old_, now}).status, 1);
    EXPECT_EQ(lazyhv({"compare", "--tolerance", "1.9%", old_, now}).status, 1);
    EXPECT_EQ(lazyhv({"compare", old_, now, "--tolerance", "2%"}).status, 0);
    EXPECT_EQ(lazyhv({"compare", "--tolerance", "exits_*=any", old_, now}).status, 0);
    EXPECT_EQ(lazyhv({"compare", "--tolerance", "lock_*=any", old_, now}).status, 1);
}

TEST_F(CompareCommand, FailsIfABenchmarkIsMissing) {
    const std::string now = write("new.json", {{"a", 100}});
    const Outcome outcome = lazyhv({"compare", old_, now});
    EXPECT_EQ(outcome.status, 1);
    EXPECT_THAT(outcome.output, HasSubstr("missing in the new file\n\n  b\n"));
    EXPECT_EQ(lazyhv({"compare", "--subset", old_, now}).status, 0);
}

TEST_F(CompareCommand, SaysThatItCannotCompare) {
    const std::string broken = holder_.folder() / "broken.json";
    std::ofstream(broken) << "{";
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"compare", old_, "/nowhere/new.json"},
          {"compare", broken, old_},
          {"compare", old_},
          {"compare", old_, old_, "--tolerance", "2"}}) {
        const Outcome outcome = lazyhv(arguments);
        EXPECT_EQ(outcome.status, 2);
        EXPECT_EQ(outcome.output, "");
        EXPECT_THAT(outcome.error, HasSubstr("lazyhv: error: "));
    }
}

} // namespace
} // namespace test
