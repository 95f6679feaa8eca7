#include "guest/boot/start_information.h"

#include "guest/boot/panic.h"
#include "guest/memory/layout.h"
#include "guest/memory/page_allocator.h"
#include "shared/start_info.h"

#include <array>

namespace guest::start_information {
namespace {

std::array<char, 1024> kept_command_line;
std::size_t kept_length;

template <typename T>
const T& at(std::uint64_t physical) {
    if (physical >= linear_map_size)
        panic("the start information lies beyond the first GiB");
    return *linear_pointer<const T>(physical);
}

void keep_command_line(std::uint64_t physical) {
    if (physical == 0)
        return;
    const char* text = &at<char>(physical);
    while (*text != '\0') {
        if (kept_length == kept_command_line.size())
            panic("the command line is longer than 1024 bytes");
        kept_command_line[kept_length++] = *text++;
    }
}

} // namespace

void take(std::uint64_t physical) {
    const auto& info = at<abi::StartInfo>(physical);
    if (info.magic != abi::start_info_magic)
        panic("no start information");
    if (info.version < 1 || info.memory_map == 0 || info.memory_map_entries == 0)
        panic("the start information has no memory map");
    const auto* const map = &at<abi::MemoryRange>(info.memory_map);
    for (std::uint32_t i = 0; i < info.memory_map_entries; ++i)
        if (map[i].type == abi::memory_type_ram)
            pages::add_range(map[i].address, map[i].address + map[i].size);
    keep_command_line(info.command_line);
}

std::string_view command_line() { return {kept_command_line.data(), kept_length}; }

} // namespace guest::start_information
