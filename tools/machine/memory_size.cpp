#include "tools/machine/memory_size.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <charconv>

namespace tool {

std::uint32_t parse_memory_size(std::string_view text) {
    std::string_view digits = text;
    std::uint32_t factor = 1;
    if (digits.ends_with('G') || digits.ends_with('g')) {
        factor = 1024;
        digits.remove_suffix(1);
    } else if (digits.ends_with('M') || digits.ends_with('m')) {
        digits.remove_suffix(1);
    }
    std::uint32_t count = 0;
    const char* const end = digits.data() + digits.size();
    const auto [parsed_to, error] = std::from_chars(digits.data(), end, count);
    const bool is_number = error == std::errc() && parsed_to == end;
    if (!is_number || count > max_memory_mebibytes || count * factor < min_memory_mebibytes ||
        count * factor > max_memory_mebibytes)
        throw Failure(fmt::format("memory size \"{}\": give {}M to {}G, for example 256M or 1G",
                                  text, min_memory_mebibytes, max_memory_mebibytes / 1024));
    return count * factor;
}

} // namespace tool
