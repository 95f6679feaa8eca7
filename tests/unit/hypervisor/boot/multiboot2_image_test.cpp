// Kernels of Multiboot 2: what the header's tags may say, and what a kernel is given.

#include "hypervisor/boot/loader/multiboot_image.h"
#include "hypervisor/boot/loader/multiboot_loader.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace hv::test {
namespace {

constexpr std::uint32_t optional = 1 << 16; ///< in the first word of a tag
const std::vector<std::uint32_t> end_tag{0, 8};

/// A file of 4096 bytes whose header lies at 64, with these words as its tags.
std::vector<std::uint8_t> file_with(const std::vector<std::vector<std::uint32_t>>& tags) {
    std::vector<std::uint32_t> words(4);
    for (const std::vector<std::uint32_t>& tag : tags) {
        words.insert(words.end(), tag.begin(), tag.end());
        words.resize((words.size() + 1) / 2 * 2);
    }
    const auto size = static_cast<std::uint32_t>(words.size() * 4);
    words[0] = 0xE85250D6;
    words[2] = size;
    words[3] = 0 - words[0] - size;
    std::vector<std::uint8_t> bytes(4096, 0xCC);
    std::memcpy(bytes.data() + 64, words.data(), size);
    return bytes;
}

MultibootError parse(const std::vector<std::uint8_t>& file) {
    ElfImage image;
    return parse_multiboot2_image(file, image);
}

const std::vector<std::uint32_t> addresses{2, 24, 0x200040, 0x200000, 0x200800, 0x202000};
const std::vector<std::uint32_t> entry{3, 12, 0x200100};

TEST(Multiboot2Image, IsFoundByItsChecksum) {
    std::vector<std::uint8_t> file = file_with({end_tag});
    EXPECT_TRUE(is_multiboot2_image(file));
    EXPECT_FALSE(is_multiboot_image(file));
    ++file[64 + 12];
    EXPECT_FALSE(is_multiboot2_image(file));
    EXPECT_FALSE(is_multiboot2_image({}));
}

TEST(Multiboot2Image, AddressesAndEntry) {
    ElfImage image;
    ASSERT_EQ(parse_multiboot2_image(file_with({addresses, entry, end_tag}), image),
              MultibootError::none);
    ASSERT_EQ(image.segments.size(), 1U);
    EXPECT_EQ(image.segments[0].file_offset, 0U);
    EXPECT_EQ(image.segments[0].file_size, 0x800U);
    EXPECT_EQ(image.segments[0].memory.end, 0x202000U);
    EXPECT_EQ(image.entry, 0x200100U);
    EXPECT_EQ(parse(file_with({addresses, end_tag})), MultibootError::bad_addresses);
    const std::vector<std::uint32_t> whole{2, 24, 0x200040, 0xFFFFFFFF, 0, 0};
    image = {};
    ASSERT_EQ(parse_multiboot2_image(file_with({whole, entry, end_tag}), image),
              MultibootError::none);
    EXPECT_EQ(image.segments[0].memory.begin, 0x200000U);
    EXPECT_EQ(image.segments[0].file_size, 4096U);
}

TEST(Multiboot2Image, NamesWhatItCannotDo) {
    EXPECT_EQ(parse(file_with({end_tag})), MultibootError::bad_elf);
    EXPECT_EQ(parse(file_with({{5, 20, 0, 0, 0}, end_tag})), MultibootError::wants_video);
    EXPECT_EQ(parse(file_with({{5 | optional, 20, 0, 0, 0}, addresses, entry, end_tag})),
              MultibootError::none);
    EXPECT_EQ(parse(file_with({{7, 8}, end_tag})), MultibootError::unknown_requirement);
    EXPECT_EQ(parse(file_with({{99 | optional, 8}, addresses, entry, end_tag})),
              MultibootError::none);
    EXPECT_EQ(parse(file_with({{1, 16, 6, 8}, end_tag})), MultibootError::unknown_requirement);
    EXPECT_EQ(parse(file_with({{1, 16, 6, 15}, {4, 12, 3}, {6, 8}, addresses, entry, end_tag})),
              MultibootError::none);
}

TEST(Multiboot2Image, TagsEndInTheHeader) {
    EXPECT_EQ(parse(file_with({})), MultibootError::bad_tags);
    EXPECT_EQ(parse(file_with({addresses})), MultibootError::bad_tags);
    EXPECT_EQ(parse(file_with({{4, 4, 3}, end_tag})), MultibootError::bad_tags);
    EXPECT_EQ(parse(file_with({{4, 0xFFFFFFFF, 3}, end_tag})), MultibootError::bad_tags);
}

TEST(Multiboot2Image, NeverReadsBeyondTheFile) {
    const std::vector<std::uint8_t> file = file_with({addresses, entry, end_tag});
    for (std::size_t size = 0; size < 160; ++size) {
        const std::vector<std::uint8_t> part(file.begin(),
                                             file.begin() + static_cast<std::ptrdiff_t>(size));
        ElfImage image;
        (void)is_multiboot2_image(part);
        (void)parse_multiboot2_image(part, image);
    }
}

class Multiboot2Loader : public ::testing::Test {
  protected:
    Machine machine;
    /// Where each tag lies, by its type.
    std::map<std::uint32_t, std::uint64_t> tags;

    LoadedGuest load(std::string_view arguments, PhysicalRange module = {},
                     std::uint64_t rsdp = 0) {
        const VirtualMachine& vm = machine.machine();
        machine.word(boot_area::multiboot_information) = ~std::uint64_t{0};
        const LoadedGuest guest = load_multiboot2(file_with({addresses, entry, end_tag}), arguments,
                                                  {vm.ram, vm.ram, vm.monitor, rsdp, {}, module});
        constexpr std::uint64_t begin = boot_area::multiboot_information;
        const std::uint64_t end = begin + direct_word<std::uint32_t>(begin);
        EXPECT_EQ(direct_word<std::uint32_t>(begin + 4), 0U); // reserved
        tags.clear();
        for (std::uint64_t tag = begin + 8; tag < end;) {
            const std::uint32_t type = direct_word<std::uint32_t>(tag);
            tags[type] = tag;
            tag = align_up(tag + direct_word<std::uint32_t>(tag + 4), 8);
        }
        EXPECT_EQ(tags[0], end - 8);
        return guest;
    }
    static const char* text(std::uint64_t at) {
        return reinterpret_cast<const char*>(direct_pointer(at));
    }
};

TEST_F(Multiboot2Loader, StartsInProtectedModeWithItsInformation) {
    const LoadedGuest guest = load("smp 2");
    EXPECT_EQ(guest.mode, StartMode::protected_mode);
    EXPECT_EQ(guest.entry, 0x200100U);
    EXPECT_EQ(guest.rax, 0x36D76289U);
    EXPECT_EQ(guest.rbx, boot_area::multiboot_information);
    EXPECT_STREQ(text(tags.at(1) + 8), "guest smp 2");
    EXPECT_STREQ(text(tags.at(2) + 8), "lazyhv");
    EXPECT_EQ(tags.count(3), 0U);
    EXPECT_EQ(tags.count(14) + tags.count(15), 0U);
    EXPECT_EQ(direct_word<std::uint32_t>(tags.at(4) + 8), 640U);
    std::uint64_t ram = 0;
    const std::uint64_t map = tags.at(6);
    ASSERT_EQ(direct_word<std::uint32_t>(map + 8), 24U);
    for (std::uint64_t at = map + 16; at < map + direct_word<std::uint32_t>(map + 4); at += 24)
        if (direct_word<std::uint32_t>(at + 16) == abi::memory_type_ram)
            ram += direct_word<std::uint64_t>(at + 8);
    std::uint64_t wanted = 0;
    for (const PhysicalRange& range : machine.machine().ram.ranges())
        wanted += range.size();
    EXPECT_EQ(ram, wanted);
}

TEST_F(Multiboot2Loader, GetsItsModuleAndTheRsdp) {
    constexpr std::uint64_t from = 0x200400; // where the kernel will lie
    constexpr std::uint64_t rsdp = 0x200600;
    machine.word(from) = 0x1122334455667788;
    machine.word(rsdp) = 0x2052545020445352; // "RSD PTR "
    machine.word(rsdp + 8) = std::uint64_t{2} << 56;
    load("", {from, from + 100}, rsdp);
    EXPECT_STREQ(text(tags.at(1) + 8), "guest");
    const std::uint32_t begin = direct_word<std::uint32_t>(tags.at(3) + 8);
    EXPECT_EQ(direct_word<std::uint32_t>(tags.at(3) + 12), begin + 100);
    EXPECT_EQ(machine.word(begin), 0x1122334455667788U);
    EXPECT_EQ(direct_word<std::uint32_t>(tags.at(15) + 4), 8U + 36U);
    EXPECT_EQ(machine.word(tags.at(15) + 8), 0x2052545020445352U);
}

} // namespace
} // namespace hv::test
