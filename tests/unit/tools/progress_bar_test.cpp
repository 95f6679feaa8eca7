#include "tools/host/progress_bar.h"

#include <gtest/gtest.h>

namespace tool {
namespace {

using std::chrono::seconds;

TEST(ProgressBar, SaysHowFarItIsAndWhatIsLeft) {
    EXPECT_EQ(bar_text(4, 16, seconds(30), {"classic/lazy", "modern/lazy"}, 100),
              "[######------------------]  25 %, about 1:30 left: classic/lazy, modern/lazy");
    EXPECT_EQ(bar_text(16, 16, seconds(30), {}, 100),
              "[########################] 100 %, about 0:00 left");
}

TEST(ProgressBar, DoesNotGuessBeforeAnythingIsDone) {
    EXPECT_EQ(bar_text(0, 10, seconds(5), {"bare/native"}, 100),
              "[------------------------]   0 %: bare/native");
}

TEST(ProgressBar, FitsTheTerminal) {
    EXPECT_EQ(bar_text(1, 2, seconds(5), {"bare/native"}, 31), "[############------------]  50 ");
}

TEST(ProgressBar, EndsAtTheEndEvenIfMoreWasDone) {
    EXPECT_EQ(bar_text(11, 10, seconds(5), {}, 100),
              "[########################] 100 %, about 0:00 left");
}

} // namespace
} // namespace tool
