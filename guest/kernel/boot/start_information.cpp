#include "guest/kernel/boot/start_information.h"

#include "guest/kernel/boot/panic.h"
#include "guest/kernel/boot/start_processors.h"
#include "guest/kernel/memory/layout.h"
#include "guest/kernel/memory/page_allocator.h"
#include "shared/start_info.h"

#include <array>

namespace guest::start_information {
namespace {

std::array<char, 1024> kept_command_line;
std::size_t kept_length;
abi::MemoryRange reserved; ///< the largest such range
/// Those above the first MiB; below it lie the firmware and the ROM.
std::array<abi::MemoryRange, 16> reserved_ranges;
std::size_t reserved_count;

void keep_reserved(const abi::MemoryRange& range) {
    constexpr std::uint64_t mebibyte = 0x100000;
    if (range.size > reserved.size)
        reserved = range;
    if (range.address < mebibyte || range.address >= linear_map_size)
        return;
    if (reserved_count == reserved_ranges.size())
        panic("the memory map has too many reserved ranges");
    reserved_ranges[reserved_count++] = range;
}

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
    processors::find(info.rsdp);
    const auto* const map = &at<abi::MemoryRange>(info.memory_map);
    for (std::uint32_t i = 0; i < info.memory_map_entries; ++i) {
        if (map[i].type == abi::memory_type_ram)
            pages::add_range(map[i].address, map[i].address + map[i].size);
        else if (map[i].type == abi::memory_type_reserved)
            keep_reserved(map[i]);
    }
    keep_command_line(info.command_line);
}

bool overlaps_reserved(std::uint64_t begin, std::uint64_t end) {
    for (std::size_t i = 0; i < reserved_count; ++i) {
        const abi::MemoryRange& range = reserved_ranges[i];
        if (begin < range.address + range.size && range.address < end)
            return true;
    }
    return false;
}

abi::MemoryRange largest_reserved_range() { return reserved; }

std::string_view command_line() { return {kept_command_line.data(), kept_length}; }

} // namespace guest::start_information
