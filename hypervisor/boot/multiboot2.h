#pragma once
// What GRUB hands over (Multiboot2 specification 2.0, section 3.6), copied out of its own memory.

#include "hypervisor/memory/memory_map.h"
#include "shared/start_info.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace hv {

inline constexpr std::uint32_t max_command_line = 1024;

/// A zero-terminated copy of a command line.
struct CommandLine {
    std::array<char, max_command_line> text{};

    std::string_view view() const { return {text.data()}; }
    /// Copies as much as fits; false when something was cut off.
    bool copy(const char* source);
};

/// A file GRUB loaded beside the monitor, and the words that follow its name.
struct BootModule {
    PhysicalRange range;
    CommandLine command_line;
};

struct BootInformation {
    CommandLine command_line; ///< the monitor's
    boost::container::static_vector<abi::MemoryRange, max_memory_ranges> memory;
    boost::container::static_vector<BootModule, 4> modules;
    PhysicalRange information; ///< GRUB's own copy, needed until this one is filled
    std::uint64_t rsdp = 0;    ///< physical address of a copy of the ACPI RSDP, or 0

    /// The module whose first word is `kind`, or null; `rest` becomes the words after it.
    const BootModule* find(std::string_view kind, std::string_view& rest) const;
};

/// Reads the tags at a physical address; false (after saying why) when they make no sense.
bool read_multiboot2(std::uint64_t physical, BootInformation& result);

} // namespace hv
