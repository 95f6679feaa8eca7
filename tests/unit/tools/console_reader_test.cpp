#include "tools/console/console_reader.h"
#include "tools/host/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tool {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::string_view grub_text =
    "\x1b[H\x1b[J\x1b[1;1HWelcome to GRUB!\r\n\r\n@grub ready\r\n\x1b[H\x1b[J\x1b[1;1H";

/// Collects what a person sees, and the lines for programs.
struct Console {
    std::string text;
    std::string program;
    std::string monitor;
    std::string error;
    ConsoleReader reader{[this](ConsoleReader::Kind kind, std::string_view part) {
        switch (kind) {
        case ConsoleReader::Kind::text:
            text += part;
            break;
        case ConsoleReader::Kind::program:
            program += part;
            break;
        case ConsoleReader::Kind::monitor:
            monitor += part;
            break;
        case ConsoleReader::Kind::error:
            error += part;
            break;
        }
    }};
};

TEST(ConsoleReader, HidesGrub) {
    Console console;
    console.reader.feed(grub_text);
    console.reader.feed("hello\r\n");
    EXPECT_EQ(console.text, "hello\n");
    EXPECT_TRUE(console.reader.is_started());
}

TEST(ConsoleReader, ShowsAPromptBeforeItsLineEnds) {
    Console console;
    console.reader.feed(grub_text);
    console.reader.feed("name? ");
    EXPECT_EQ(console.text, "name? ");
    console.reader.feed("@x\n");
    EXPECT_EQ(console.text, "name? @x\n");
    EXPECT_EQ(console.program, "");
}

TEST(ConsoleReader, TakesLinesForProgramsApart) {
    const std::string bytes = std::string(grub_text) +
                              "@context cpu=x\r\nlazyhv: found\r\nlazyhv: error: lost\r\nlazy\r\n"
                              "@result workload=a\r\n@end status=3\r\n@end status=0\r\n";
    for (const std::size_t portion : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        Console console;
        for (std::size_t at = 0; at < bytes.size(); at += portion)
            console.reader.feed(std::string_view(bytes).substr(at, portion));
        console.reader.finish();
        EXPECT_EQ(console.text, "lazy\n");
        EXPECT_EQ(console.monitor, "lazyhv: found\n");
        EXPECT_EQ(console.error, "lazyhv: error: lost\n");
        EXPECT_THAT(console.reader.errors(), ElementsAre("lost"));
        EXPECT_THAT(console.reader.result_lines(), ElementsAre("workload=a"));
        EXPECT_THAT(console.reader.context_lines(), ElementsAre("cpu=x"));
        EXPECT_EQ(console.reader.end_status(), 3);
    }
}

TEST(ConsoleReader, FindsAKernelPanic) {
    const std::string bytes = std::string(grub_text) +
                              "x\r\n[    1.5] Kernel panic - not syncing: VFS: no root\r\n"
                              "Kernel panic - not syncing: another\r\n@end status=0\r\n";
    for (const std::size_t portion : {std::size_t{1}, std::size_t{7}, bytes.size()}) {
        Console console;
        for (std::size_t at = 0; at < bytes.size(); at += portion)
            console.reader.feed(std::string_view(bytes).substr(at, portion));
        EXPECT_EQ(console.reader.kernel_panic(), "Kernel panic - not syncing: VFS: no root");
    }
}

TEST(ConsoleReader, FindsNoPanicWhereThereIsNone) {
    Console console;
    console.reader.feed(std::string(grub_text) + "no Kernel panic here\r\nsyncing: \r\n");
    EXPECT_EQ(console.reader.kernel_panic(), std::nullopt);
    EXPECT_FALSE(console.reader.has_restarted());
}

TEST(ConsoleReader, NoticesThatTheMachineWasReset) {
    Console console;
    console.reader.feed(std::string(grub_text) + "hello\r\n");
    EXPECT_FALSE(console.reader.has_restarted());
    console.reader.feed(grub_text);
    EXPECT_TRUE(console.reader.has_restarted());
}

TEST(ConsoleReader, TakesAnEndLineWithoutItsEnd) {
    Console console;
    console.reader.feed(std::string(grub_text) + "@end status=0");
    EXPECT_EQ(console.reader.end_status(), std::nullopt);
    console.reader.finish();
    EXPECT_EQ(console.reader.end_status(), 0);
}

TEST(ConsoleReader, TakesAnEndLineWithoutANumberForAFailure) {
    Console console;
    console.reader.feed(std::string(grub_text) + "@end status=\n");
    EXPECT_EQ(console.reader.end_status(), 1);
}

TEST(ConsoleReader, DropsAResultThatIsCutOff) {
    Console console;
    console.reader.feed(std::string(grub_text) + "@result workload=a switches=1");
    console.reader.finish();
    EXPECT_THAT(console.reader.result_lines(), IsEmpty());
}

TEST(ConsoleReader, BoundsALineThatItHolds) {
    for (const std::string_view beginning : {"@", "lazyhv: "}) {
        Console console;
        console.reader.feed(grub_text);
        console.reader.feed(beginning);
        console.reader.feed(std::string(ConsoleReader::max_line - beginning.size(), 'x'));
        EXPECT_THROW(console.reader.feed("x"), Failure) << beginning;
    }
}

TEST(ConsoleReader, ShowsATextOfAnyLength) {
    Console console;
    console.reader.feed(grub_text);
    const std::string text(3 * ConsoleReader::max_line, 'x');
    console.reader.feed(text);
    EXPECT_EQ(console.text, text);
}

TEST(ConsoleReader, BoundsWhatItKeeps) {
    Console console;
    console.reader.feed(grub_text);
    const std::string line = "@result workload=" + std::string(50'000, 'x') + "\r\n";
    const auto feed_endlessly = [&] {
        for (std::size_t bytes = 0; bytes < 2 * ConsoleReader::max_kept; bytes += line.size())
            console.reader.feed(line);
    };
    EXPECT_THROW(feed_endlessly(), Failure);
}

TEST(ConsoleReader, SaysWhyGrubFailed) {
    Console console;
    console.reader.feed("error: out of memory.\r\nerror: second\r\n\r\n@grub failed\r\nmore");
    EXPECT_TRUE(console.reader.grub_has_failed());
    EXPECT_FALSE(console.reader.is_started());
    EXPECT_EQ(console.reader.grub_error(), "out of memory.");
    EXPECT_EQ(console.text, "");
}

} // namespace
} // namespace tool
