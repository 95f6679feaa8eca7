#pragma once
// A Linux kernel as distributions ship it, a bzImage (Linux, Documentation/x86/boot.rst): judged
// completely before anything is loaded.

#include <cstdint>
#include <span>
#include <string_view>

namespace hv {

/// What its setup header says.
struct LinuxImage {
    std::uint64_t kernel_offset;     ///< of the part that is loaded, in the file
    std::uint64_t kernel_size;       ///< bytes of it
    std::uint64_t memory_size;       ///< bytes it needs from where it is loaded on
    std::uint64_t preferred_address; ///< physical
    std::uint64_t alignment;         ///< of any other address; 0: it runs at that one alone
    std::uint64_t initrd_end;        ///< an initrd lies below
    std::uint64_t command_line_size; ///< at most, without the zero
    std::uint32_t setup_header_size; ///< bytes of the header to hand over
    bool has_64_bit_entry;           ///< or else it starts in protected mode
};

/// Why a file cannot be booted; `none` when it can.
enum class LinuxError : std::uint8_t {
    none,
    not_linux,
    truncated,
    too_old,
    not_loaded_high,
};

/// Whether the file says it is a bzImage, whatever else is wrong with it.
bool is_linux_image(std::span<const std::uint8_t> file);

/// What to tell the user.
std::string_view describe(LinuxError error);

/// Reads the header of `file`.
LinuxError parse_linux_image(std::span<const std::uint8_t> file, LinuxImage& image);

/// From where a bzImage is loaded to its 64-bit entry.
inline constexpr std::uint64_t linux_entry_offset = 0x200;

} // namespace hv
