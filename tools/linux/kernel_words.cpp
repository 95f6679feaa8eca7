#include "tools/linux/kernel_words.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <sstream>

namespace tool {

std::vector<std::string> kernel_words(const KernelOptions& options) {
    std::vector<std::string> words{
        "console=ttyS0",
        "quiet",      // what the kernel says would come between the lines of programs,
        "loglevel=1", // but for a panic
        "panic=-1",   // and then it reboots at once
        "tsc=reliable",
        "no_timer_check", // the emulated timer is slow, not broken
        "nokaslr",        // so that counts repeat
        options.has_page_table_isolation ? "pti=on" : "pti=off",
    };
    if (options.programs.find_first_of(" \t\n") != std::string::npos)
        throw Failure(fmt::format("\"{}\" for --run: write names with commas between and no blanks",
                                  options.programs));
    if (!options.programs.empty())
        words.push_back("run=" + options.programs);
    std::istringstream appended(options.append);
    for (std::string word; appended >> word;)
        words.push_back(word);
    return words;
}

} // namespace tool
