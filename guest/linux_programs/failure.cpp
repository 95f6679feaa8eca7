#include "guest/linux_programs/failure.h"

#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace linux_guest {

void fail(const char* format, ...) {
    std::array<char, 512> text{};
    std::va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text.data(), text.size(), format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "%s: error: %s\n", program_invocation_short_name, text.data());
    _exit(1); // without flushing buffers, for a child has copies of the parent's
}

void fail_with_errno(const char* what) { fail("%s: %s", what, std::strerror(errno)); }

} // namespace linux_guest
