#include "tools/commands/console_output.h"

#include <cstdio>

namespace tool {

void show_console(ConsoleReader::Kind kind, std::string_view text, bool is_verbose) {
    if (kind == ConsoleReader::Kind::program && !is_verbose)
        return;
    const bool is_error = kind == ConsoleReader::Kind::error;
    std::fflush(is_error ? stdout : stderr);
    std::FILE* const stream = is_error ? stderr : stdout;
    std::fwrite(text.data(), 1, text.size(), stream);
    std::fflush(stream);
}

} // namespace tool
