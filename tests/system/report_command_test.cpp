// `lazyhv report`: the page as a browser shows it, headless.

#include "tests/system/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

namespace test {
namespace {

using testing::HasSubstr;
using testing::Not;

nlohmann::json benchmark(const std::string& name, double exits) {
    const bool is_switch = name.starts_with("switch/");
    const std::string unit = is_switch ? "switch" : "operation";
    const std::string time_unit = is_switch ? "switch" : "entry";
    return {{"name", name},
            {"exits_per_" + unit, exits},
            {"exits_VMCALL_per_" + unit, exits},
            {"guest_instructions_per_" + time_unit, 40 * exits},
            {"monitor_instructions_per_" + time_unit, 500 * exits}};
}

/// A folder with two files of results and a browser.
class ReportCommand : public testing::Test {
  protected:
    std::string write(const std::string& name, double exits) {
        const nlohmann::json document{
            {"context", {{"machine", "bochs"}, {"commit", "0123456789ab"}}},
            {"benchmarks",
             {benchmark("switch/full/classic/eager", 7),
              benchmark("switch/full/classic/lazy", exits),
              benchmark("switch/full/classic/lazy/threads:2", exits),
              benchmark("pagetable/map/64/classic/lazy", 1),
              benchmark("pagetable/map/512/classic/lazy", 1.25)}}};
        std::ofstream(path(name)) << document;
        return path(name);
    }

    [[nodiscard]] std::string path(const std::string& name) const {
        return holder_.folder() / name;
    }

    /// What the browser has made of the page.
    [[nodiscard]] std::string document(const std::string& page,
                                       const std::vector<std::string>& options = {}) const {
        std::vector<std::string> words{"/usr/bin/chromium",
                                       "--headless",
                                       "--no-sandbox",
                                       "--disable-gpu",
                                       "--virtual-time-budget=5000",
                                       "--user-data-dir=" + path("browser"),
                                       "--dump-dom"};
        words.insert(words.end(), options.begin(), options.end());
        words.push_back("file://" + page);
        const Outcome outcome = Command(words).wait();
        EXPECT_EQ(outcome.status, 0) << outcome.error;
        return outcome.output;
    }

    Command holder_{std::vector<std::string>{"true"}}; ///< its folder keeps the files
    std::string results_ = write("results.json", 1);
    std::string page_ = path("report.html");
};

std::string text(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// How many figures each canvas has drawn; -1 for one that has not been drawn.
std::vector<int> figures_drawn(const std::string& document) {
    const std::regex canvas(R"re(<canvas ([^>]*)>)re");
    const std::regex drawn(R"re(data-drawn="(\d+)")re");
    std::vector<int> figures;
    for (std::sregex_iterator match(document.begin(), document.end(), canvas), end; match != end;
         ++match) {
        const std::string attributes = (*match)[1];
        std::smatch number;
        figures.push_back(std::regex_search(attributes, number, drawn) ? std::stoi(number[1]) : -1);
    }
    return figures;
}

TEST_F(ReportCommand, DrawsEveryPicture) {
    const Outcome outcome = lazyhv({"report", results_, "-o", page_});
    ASSERT_EQ(outcome.status, 0) << outcome.error;
    EXPECT_EQ(outcome.output, page_ + " is written; open it in a browser\n");
    // Exits by reason, instructions; exits and instructions by size; and by processors.
    EXPECT_EQ(figures_drawn(document(page_)), (std::vector<int>{2, 4, 2, 2, 3, 3}));
}

// On a telephone's screen; and without JavaScript, where the page is as it is in the file.
TEST_F(ReportCommand, ShowsTheFiguresOfTheFile) {
    ASSERT_EQ(lazyhv({"report", results_, "-o", page_}).status, 0);
    for (const std::string& shown : {document(page_, {"--window-size=380,800"}), text(page_)}) {
        for (const char* cell :
             {R"(<td data-name="switch/full/classic/eager exits_per_switch">7</td>)",
              R"(<td data-name="switch/full/classic/lazy exits_per_switch">1</td>)",
              R"(<td data-name="pagetable/map/512/classic/lazy exits_per_operation">1.250</td>)",
              R"(<th scope="row">classic eager</th><td>280</td><td>3500</td>)", "0123456789ab"})
            EXPECT_THAT(shown, HasSubstr(cell));
    }
}

TEST_F(ReportCommand, ShowsFilesSideBySide) {
    const std::string other = write("other.json", 2);
    ASSERT_EQ(lazyhv({"report", results_, other, "-o", page_}).status, 0);
    const std::string shown = document(page_);
    EXPECT_THAT(shown, HasSubstr(R"(exits_per_switch" class="worse">2</td>)"));
    EXPECT_THAT(shown, HasSubstr("results and other"));
    EXPECT_EQ(figures_drawn(shown), (std::vector<int>{4, 8, 4, 4, 6, 6}));
}

TEST_F(ReportCommand, NeedsNoOtherFile) {
    ASSERT_EQ(lazyhv({"report", results_, "-o", page_}).status, 0);
    const std::string page = text(page_);
    for (const char* request : {"<script src", "<img", "@import", "url(", "<iframe"})
        EXPECT_THAT(page, Not(HasSubstr(request)));
    EXPECT_THAT(page, HasSubstr("<link rel=\"icon\" href=\"data:,\">"));
}

TEST_F(ReportCommand, RefusesWhatItCannotShow) {
    EXPECT_EQ(lazyhv({"report", "/nowhere/results.json", "-o", page_}).status, 2);
    std::ofstream(path("other.json")) << R"({"benchmarks": [{"name": "else"}]})";
    const Outcome outcome = lazyhv({"report", path("other.json"), "-o", page_});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.error, HasSubstr("there is nothing to show"));
    EXPECT_EQ(lazyhv({"report", results_, "-o", "/nowhere/report.html"}).status, 1);
    EXPECT_FALSE(std::filesystem::exists(page_));
}

} // namespace
} // namespace test
