#include "tools/machine/memory_size.h"

#include "tools/host/failure.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <optional>

namespace tool {
namespace {

constexpr std::uint64_t kibibytes_per_mebibyte = 1024;
constexpr std::uint64_t kibibytes_per_page = 4;

/// "512K", "2M", "1G" or a plain number of MiB, as KiB.
std::optional<std::uint64_t> parse_kibibytes(std::string_view text) {
    std::uint64_t factor = kibibytes_per_mebibyte;
    const int unit = text.empty() ? 0 : std::toupper(static_cast<unsigned char>(text.back()));
    if (unit == 'K')
        factor = 1;
    else if (unit == 'G')
        factor = kibibytes_per_mebibyte * 1024;
    if (unit == 'K' || unit == 'M' || unit == 'G')
        text.remove_suffix(1);
    std::uint32_t count = 0; // 32 bits, so that the product below cannot overflow
    const char* const end = text.data() + text.size();
    const auto [parsed_to, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc() || parsed_to != end)
        return std::nullopt;
    return count * factor;
}

} // namespace

std::uint32_t parse_memory_size(std::string_view text) {
    const std::uint64_t size = parse_kibibytes(text).value_or(0);
    const std::uint64_t mebibytes = size / kibibytes_per_mebibyte;
    if (size % kibibytes_per_mebibyte != 0 || mebibytes < min_memory_mebibytes ||
        mebibytes > max_memory_mebibytes)
        throw Failure(fmt::format("memory size \"{}\": give {}M to {}G, for example 256M or 1G",
                                  text, min_memory_mebibytes, max_memory_mebibytes / 1024));
    return static_cast<std::uint32_t>(mebibytes);
}

std::uint32_t parse_shadow_memory_size(std::string_view text) {
    const std::uint64_t size = parse_kibibytes(text).value_or(0);
    if (size % kibibytes_per_page != 0 || size < min_shadow_kibibytes ||
        size > max_shadow_kibibytes) {
        throw Failure(fmt::format("shadow memory size \"{}\": give {}K to {}G in whole pages of "
                                  "4K, for example 512K or 2M",
                                  text, min_shadow_kibibytes,
                                  max_shadow_kibibytes / kibibytes_per_mebibyte / 1024));
    }
    return static_cast<std::uint32_t>(size);
}

} // namespace tool
