#include "tools/report/differences.h"
#include "tools/report/headline.h"
#include "tools/report/html.h"
#include "tools/report/page.h"
#include "tools/report/pictures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Figures = std::vector<std::optional<double>>;

NamedResults file(const std::string& label, double exits) {
    return {label,
            {.context = {{"machine", "bochs"}},
             .benchmarks = {
                 {"switch/full/bare/native", {{"guest_instructions_per_switch", 38}}},
                 {"switch/full/classic/lazy",
                  {{"exits_per_switch", exits},
                   {"exits_VMCALL_per_switch", 1},
                   {"exits_EXCEPTION_NMI_per_switch", exits - 1},
                   {"guest_instructions_per_switch", 200},
                   {"monitor_instructions_per_switch", 442}}},
                 {"switch/full/classic/lazy/threads:2",
                  {{"exits_per_switch", 1.5}, {"monitor_instructions_per_switch", 500}}},
                 {"pagetable/map/64/classic/lazy",
                  {{"exits_per_operation", 2},
                   {"guest_instructions_per_entry", 10},
                   {"monitor_instructions_per_entry", 5}}},
                 {"pagetable/map/512/classic/lazy",
                  {{"exits_per_operation", 1}, {"guest_instructions_per_entry", 9}}},
                 {"pagetable/map/512/classic/eager", {{"exits_per_operation", 512}}},
                 {"pagetable/write-invlpg/1/classic/lazy", {{"exits_per_operation", 1}}},
             }}};
}

const std::vector<NamedResults> one{file("one", 3)};
const std::vector<NamedResults> two{file("one", 3), file("two", 4)};

TEST(ReportPictures, StackExitsByReason) {
    const std::vector<Picture> pictures = exit_pictures(one);
    ASSERT_EQ(pictures.size(), 1U);
    EXPECT_EQ(pictures[0].title, "full");
    EXPECT_THAT(pictures[0].rows, ElementsAre("classic lazy"));
    ASSERT_EQ(pictures[0].series.size(), 2U);
    EXPECT_EQ(pictures[0].series[0].name, "EXCEPTION_NMI"); // the most frequent
    EXPECT_EQ(pictures[0].series[0].figures, Figures{2});
    EXPECT_EQ(pictures[0].series[1].name, "VMCALL");
    EXPECT_EQ(pictures[0].series[1].figures, Figures{1});
}

TEST(ReportPictures, StackTimeInGuestAndMonitor) {
    const std::vector<Picture> pictures = time_pictures(one);
    ASSERT_EQ(pictures.size(), 1U);
    EXPECT_EQ(pictures[0].value_title, "instructions per switch");
    EXPECT_THAT(pictures[0].rows, ElementsAre("bare native", "classic lazy"));
    EXPECT_EQ(pictures[0].series[0].figures, (Figures{38, 200}));
    EXPECT_EQ(pictures[0].series[1].figures, (Figures{std::nullopt, 442}));
}

TEST(ReportPictures, PutFilesSideBySide) {
    const std::vector<Picture> pictures = exit_pictures(two);
    ASSERT_EQ(pictures.size(), 1U);
    EXPECT_THAT(pictures[0].rows, ElementsAre("classic lazy, one", "classic lazy, two"));
    EXPECT_EQ(pictures[0].series[0].figures, (Figures{2, 3}));
}

TEST(ReportPictures, DrawPageTableOperationsBySize) {
    const std::vector<Picture> pictures = size_pictures(one);
    ASSERT_EQ(pictures.size(), 2U); // none of write-invlpg, which has one size
    EXPECT_EQ(pictures[0].title, "map");
    EXPECT_THAT(pictures[0].rows, ElementsAre("64", "512"));
    ASSERT_EQ(pictures[0].series.size(), 2U);
    EXPECT_EQ(pictures[0].series[0].name, "classic eager");
    EXPECT_EQ(pictures[0].series[0].figures, (Figures{std::nullopt, 512}));
    EXPECT_EQ(pictures[0].series[1].figures, (Figures{2, 1}));
    ASSERT_EQ(pictures[1].series.size(), 1U);
    EXPECT_EQ(pictures[1].series[0].figures, (Figures{15, 9}));
}

TEST(ReportPictures, DrawWorkloadsByProcessors) {
    const std::vector<Picture> pictures = processor_pictures(one);
    ASSERT_EQ(pictures.size(), 2U);
    EXPECT_THAT(pictures[0].rows, ElementsAre("1", "2"));
    EXPECT_EQ(pictures[0].series.at(0).figures, (Figures{3, 1.5}));
    EXPECT_EQ(pictures[1].series.at(0).figures, (Figures{442, 500}));
}

TEST(ReportPictures, HaveTablesAndNames) {
    const std::string text = html(exit_pictures(one)[0], "reasons-0");
    EXPECT_THAT(text, HasSubstr("<canvas id=\"reasons-0\""));
    EXPECT_THAT(text, HasSubstr("<th scope=\"col\">VMCALL</th>"));
    EXPECT_THAT(text, HasSubstr("<th scope=\"row\">classic lazy</th><td>2</td><td>1</td>"));
}

TEST(ReportHeadline, HasTheFigures) {
    const std::string text = headline_html(one);
    EXPECT_THAT(text, HasSubstr("<td data-name=\"switch/full/classic/lazy exits_per_switch\">3<"));
    EXPECT_THAT(text, HasSubstr("<strong>512 → 1</strong>"));
    EXPECT_THAT(text, Not(HasSubstr("class=\"worse\"")));
}

TEST(ReportHeadline, MarksWhatIsWorseThanInTheFirstFile) {
    EXPECT_THAT(headline_html(two), HasSubstr("class=\"worse\">4<"));
    EXPECT_THAT(headline_html({two[1], two[0]}), HasSubstr("class=\"better\">3<"));
}

TEST(ReportDifferences, AreThoseOfTheComparison) {
    EXPECT_EQ(differences_html(one), "");
    const std::string text = differences_html(two);
    EXPECT_THAT(text, HasSubstr("2 counters are worse, 0 better"));
    EXPECT_THAT(text,
                HasSubstr("<th scope=\"row\" class=\"worse\">+33.3%</th><td>3</td><td>4</td>"));
    EXPECT_THAT(differences_html({two[1], two[0]}), HasSubstr("0 counters are worse, 2 better"));
}

TEST(ReportFiles, AreCalledByTheirNamesIfTheseDiffer) {
    EXPECT_THAT(file_labels({"a/old.json", "b/new.json"}), ElementsAre("old", "new"));
    EXPECT_THAT(file_labels({"a/x.json", "b/x.json"}), ElementsAre("a/x.json", "b/x.json"));
}

TEST(ReportPage, EscapesWhatItInserts) {
    const PageParts parts{
        .frame = "{{files}}|{{content}}|{{data}}", .style = "", .script = "", .chart_library = ""};
    std::vector<NamedResults> files{file("</script>{{style}}", 3), file("b", 4)};
    const std::string page = report_page(files, parts);
    EXPECT_THAT(page, HasSubstr("&lt;/script&gt;{{style}}, b|"));
    EXPECT_THAT(page, HasSubstr("classic lazy, \\u003c/script>"));
    EXPECT_THAT(page, Not(HasSubstr("</script>")));
}

TEST(ReportPage, HasNoEmptySections) {
    const PageParts parts{
        .frame = "{{navigation}}", .style = "", .script = "", .chart_library = ""};
    EXPECT_THAT(report_page(one, parts), Not(HasSubstr("#differences")));
    EXPECT_THAT(report_page(two, parts), HasSubstr("#differences"));
    std::vector<NamedResults> empty{{"x", {.context = {}, .benchmarks = {{"other", {}}}}}};
    EXPECT_THAT(report_page(empty, parts), Not(HasSubstr("#sizes")));
    EXPECT_THAT(size_pictures(empty), IsEmpty());
}

TEST(ReportPage, NeedsNothingElse) {
    const std::string page = report_page(one, read_page_parts());
    for (const char* text : {"<script src", "<link rel=\"stylesheet\"", "@import", "url(http"})
        EXPECT_THAT(page, Not(HasSubstr(text)));
    EXPECT_THAT(page, Not(HasSubstr("{{")));
}

} // namespace
} // namespace tool
