// The information of Multiboot 2 (specification 2.0, section 3.6).

#include "hypervisor/boot/loader/multiboot_image.h"
#include "hypervisor/boot/loader/multiboot_loader.h"
#include "hypervisor/host/console.h"
#include "hypervisor/memory/direct_map.h"
#include "hypervisor/memory/layout.h"

#include <array>
#include <cstring>

namespace hv {

namespace {

enum TagType : std::uint32_t {
    end_tag = 0,
    command_line = 1,
    boot_loader_name = 2,
    module_file = 3,
    basic_memory = 4,
    memory_map = 6,
    rsdp_1 = 14, ///< a copy of the ACPI RSDP, of ACPI 1.0
    rsdp_2 = 15, ///< of ACPI 2.0 and later
};

constexpr std::uint32_t tag_alignment = 8;

/// Writes the tags one after another, from boot_area::multiboot_information on. Ends the run with a
/// message when there is no room for them.
class Information {
  public:
    void begin_tag(TagType type) {
        tag_ = size_;
        put(type);
        put(std::uint32_t{0}); // end_tag() writes the size
    }
    void end_tag() {
        const std::uint32_t size = size_ - tag_;
        std::memcpy(pointer(tag_ + sizeof(std::uint32_t)), &size, sizeof(size));
        reserve(align_up(size_, tag_alignment) - size_);
    }
    template <class T>
    void put(const T& value) {
        std::memcpy(reserve(sizeof(value)), &value, sizeof(value));
    }
    /// Without the zero that ends it.
    void put_text(std::string_view text) {
        std::memcpy(reserve(text.size()), text.data(), text.size());
    }
    /// The fixed part: the size of everything, and a reserved word.
    void finish() {
        const std::array<std::uint32_t, 2> fixed{size_, 0};
        std::memcpy(pointer(0), fixed.data(), sizeof(fixed));
    }

  private:
    static std::uint8_t* pointer(std::uint64_t offset) {
        return direct_pointer(boot_area::multiboot_information + offset);
    }
    /// Zeroed.
    std::uint8_t* reserve(std::uint64_t bytes) {
        constexpr std::uint64_t room =
            boot_area::leave_long_mode - boot_area::multiboot_information;
        if (bytes > room - size_)
            console::fail("guest: the information of Multiboot 2 is longer than ", room,
                          " bytes; shorten the guest's arguments");
        std::uint8_t* const begin = pointer(size_);
        std::memset(begin, 0, bytes);
        size_ += static_cast<std::uint32_t>(bytes);
        return begin;
    }

    std::uint32_t size_ = 8; ///< begins with the fixed part
    std::uint32_t tag_ = 0;
};

void put_text_tag(Information& information, TagType type, std::string_view first,
                  std::string_view second = {}) {
    information.begin_tag(type);
    information.put_text(first);
    if (!second.empty()) {
        information.put_text(" ");
        information.put_text(second);
    }
    information.put('\0');
    information.end_tag();
}

void put_memory(Information& information, const GuestPlace& place) {
    information.begin_tag(basic_memory);
    information.put(kibibytes_from(place, 0));
    information.put(kibibytes_from(place, std::uint64_t{1} << 20));
    information.end_tag();

    information.begin_tag(memory_map);
    information.put(std::uint32_t{sizeof(abi::MemoryRange)}); // which has the form of an entry
    information.put(std::uint32_t{0});                        // version of an entry
    for (const abi::MemoryRange& range : describe_memory(place))
        information.put(range);
    information.end_tag();
}

void put_module(Information& information, const PhysicalRange& module) {
    if (module.size() == 0)
        return;
    information.begin_tag(module_file);
    information.put(static_cast<std::uint32_t>(module.begin));
    information.put(static_cast<std::uint32_t>(module.end));
    information.put_text(multiboot_program);
    information.put('\0');
    information.end_tag();
}

using Rsdp = std::array<char, 36>;

void put_rsdp(Information& information, const Rsdp& rsdp) {
    constexpr std::size_t revision_offset = 15;
    constexpr std::size_t size_of_first = 20;
    const bool is_first = rsdp[revision_offset] == 0;
    information.begin_tag(is_first ? rsdp_1 : rsdp_2);
    information.put_text({rsdp.data(), is_first ? size_of_first : rsdp.size()});
    information.end_tag();
}

} // namespace

LoadedGuest load_multiboot2(std::span<const std::uint8_t> file, std::string_view arguments,
                            const GuestPlace& place) {
    ElfImage image;
    if (const MultibootError error = parse_multiboot2_image(file, image);
        error != MultibootError::none)
        console::fail("guest: the file is ", describe(error));
    // It lies in memory that the kernel may take.
    Rsdp rsdp{};
    if (place.rsdp != 0)
        std::memcpy(rsdp.data(), direct_pointer(place.rsdp), rsdp.size());
    const PhysicalRange module = load_multiboot_files(file, image, place);
    Information information;
    put_text_tag(information, command_line, multiboot_program, arguments);
    put_text_tag(information, boot_loader_name, multiboot_loader_name);
    put_module(information, module);
    put_memory(information, place);
    if (place.rsdp != 0)
        put_rsdp(information, rsdp);
    information.begin_tag(end_tag);
    information.end_tag();
    information.finish();
    fill_boot_area(multiboot_selectors, StartMode::protected_mode);
    return {.selectors = multiboot_selectors,
            .entry = image.entry,
            .mode = StartMode::protected_mode,
            .rax = multiboot2_loader_magic,
            .rbx = boot_area::multiboot_information};
}

} // namespace hv
