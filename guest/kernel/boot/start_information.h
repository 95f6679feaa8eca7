#pragma once
// What the loader hands over: the command line and the memory map.

#include "shared/start_info.h"

#include <cstdint>
#include <string_view>

namespace guest::start_information {

/// Reads the structure at this guest-physical address (shared/start_info.h), gives the page
/// allocator its memory, and keeps the command line. The loader's memory is no longer needed
/// afterwards. An invalid structure is a panic.
void take(std::uint64_t physical);

std::string_view command_line();

/// Whether any part of physical [begin, end) is reserved in the memory map: a monitor's memory must
/// not be mapped. The range must lie above the first MiB and within the linear map.
bool overlaps_reserved(std::uint64_t begin, std::uint64_t end);

/// The largest reserved range of the memory map: under a monitor, the monitor's memory. Empty if
/// there is none.
abi::MemoryRange largest_reserved_range();

} // namespace guest::start_information
