#pragma once
// What the loader hands over: command line and memory map.

#include <cstdint>
#include <string_view>

namespace guest::start_information {

/// Reads the structure at this guest-physical address (shared/start_info.h), gives the page
/// allocator its memory, and keeps the command line. Nothing of the loader's is needed afterwards.
/// A structure that is none is a panic.
void take(std::uint64_t physical);

std::string_view command_line();

} // namespace guest::start_information
