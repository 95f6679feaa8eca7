#include "hypervisor/boot/multiboot2.h"

#include "hypervisor/memory/direct_map.h"

namespace hv {

namespace {

struct Tag {
    std::uint32_t type;
    std::uint32_t size;
};

constexpr std::uint32_t tag_end = 0;
constexpr std::uint32_t tag_command_line = 1;
constexpr std::uint32_t tag_module = 3;
constexpr std::uint32_t tag_memory_map = 6;
constexpr std::uint32_t tag_acpi_old = 14;
constexpr std::uint32_t tag_acpi_new = 15;
constexpr std::uint32_t header_size = 8;

// Offsets inside tags.
constexpr std::uint32_t module_begin = 8;
constexpr std::uint32_t module_end = 12;
constexpr std::uint32_t module_text = 16;
constexpr std::uint32_t memory_entry_size = 8;
constexpr std::uint32_t memory_entries = 16;

template <typename T>
T word(const std::uint8_t* tag, std::uint64_t offset) {
    return *reinterpret_cast<const T*>(tag + offset);
}

const char* text(const std::uint8_t* tag, std::uint32_t offset) {
    return reinterpret_cast<const char*>(tag + offset);
}

void read_memory_map(const std::uint8_t* tag, std::uint32_t size, BootInformation& result) {
    const auto step = word<std::uint32_t>(tag, memory_entry_size);
    for (std::uint64_t offset = memory_entries; offset + sizeof(abi::MemoryRange) <= size;
         offset += step)
        if (result.memory.size() < result.memory.capacity())
            result.memory.push_back(word<abi::MemoryRange>(tag, offset));
}

} // namespace

bool CommandLine::copy(const char* source) {
    for (std::uint32_t index = 0; index + 1 < max_command_line; ++index) {
        text[index] = source[index];
        if (source[index] == 0)
            return true;
    }
    text.back() = 0;
    return false;
}

const BootModule* BootInformation::find(std::string_view kind, std::string_view& rest) const {
    for (const BootModule& module : modules) {
        const std::string_view words = module.command_line.view();
        if (!words.starts_with(kind) || (words.size() > kind.size() && words[kind.size()] != ' '))
            continue;
        rest = words.substr(kind.size());
        while (rest.starts_with(' '))
            rest.remove_prefix(1);
        return &module;
    }
    return nullptr;
}

bool read_multiboot2(std::uint64_t physical, BootInformation& result) {
    const std::uint8_t* information = direct_pointer(physical);
    const auto total = word<std::uint32_t>(information, 0);
    result.information = {physical, physical + total};
    std::uint32_t offset = header_size;
    while (offset + header_size <= total) {
        const std::uint8_t* tag = information + offset;
        const auto [type, size] = word<Tag>(tag, 0);
        if (size < header_size || size > total - offset)
            return false;
        switch (type) {
        case tag_end:
            return true;
        case tag_command_line:
            if (!result.command_line.copy(text(tag, header_size)))
                return false;
            break;
        case tag_module:
            if (result.modules.size() < result.modules.capacity()) {
                BootModule& module = result.modules.emplace_back();
                module.range = {word<std::uint32_t>(tag, module_begin),
                                word<std::uint32_t>(tag, module_end)};
                if (!module.command_line.copy(text(tag, module_text)))
                    return false;
            }
            break;
        case tag_memory_map:
            read_memory_map(tag, size, result);
            break;
        case tag_acpi_old:
        case tag_acpi_new:
            result.rsdp = physical + offset + header_size;
            break;
        default:
            break;
        }
        offset += (size + 7) & ~std::uint32_t{7};
    }
    return false;
}

} // namespace hv
