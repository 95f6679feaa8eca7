#pragma once
// What the loader hands over: command line and memory map.

#include "shared/start_info.h"

#include <cstdint>
#include <string_view>

namespace guest::start_information {

/// Reads the structure at this guest-physical address (shared/start_info.h), gives the page
/// allocator its memory, and keeps the command line. Nothing of the loader's is needed afterwards.
/// A structure that is none is a panic.
void take(std::uint64_t physical);

std::string_view command_line();

/// Whether [begin, end), above the first MiB and within the linear map, has anything in it that the
/// memory map calls reserved: a monitor's memory must not be mapped.
bool overlaps_reserved(std::uint64_t begin, std::uint64_t end);

/// The largest range of the memory map that is reserved: under a monitor, the monitor's. Empty if
/// there is none.
abi::MemoryRange largest_reserved_range();

} // namespace guest::start_information
