// Multiboot kernels: what the header may say, and what a kernel is given.

#include "hypervisor/boot/loader/multiboot_image.h"
#include "hypervisor/boot/loader/multiboot_loader.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <elf.h>
#include <string>
#include <vector>

namespace hv::test {
namespace {

constexpr std::uint32_t with_addresses = 1 << 16;

/// A file of 4096 bytes whose header lies at 64.
class File {
  public:
    explicit File(std::uint32_t flags) : bytes(4096, 0xCC) {
        put(0, {0x1BADB002, flags, 0 - 0x1BADB002 - flags});
    }
    /// Words of the header, from this one on.
    void put(std::size_t word, const std::vector<std::uint32_t>& values) {
        std::memcpy(bytes.data() + 64 + word * 4, values.data(), values.size() * 4);
    }
    void add_elf_header(std::uint32_t address, std::uint32_t entry) {
        Elf32_Ehdr header{};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS32;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_type = ET_EXEC;
        header.e_machine = EM_386;
        header.e_phoff = 512;
        header.e_phentsize = sizeof(Elf32_Phdr);
        header.e_phnum = 1;
        header.e_entry = entry;
        Elf32_Phdr segment{};
        segment.p_type = PT_LOAD;
        segment.p_offset = 1024;
        segment.p_vaddr = address;
        segment.p_paddr = address;
        segment.p_filesz = 16;
        segment.p_memsz = 0x2000;
        std::memcpy(bytes.data(), &header, sizeof(header));
        std::memcpy(bytes.data() + 512, &segment, sizeof(segment));
    }
    std::vector<std::uint8_t> bytes;
};

MultibootError parse(const File& file) {
    ElfImage image;
    return parse_multiboot_image(file.bytes, image);
}

TEST(MultibootImage, IsFoundByItsChecksum) {
    EXPECT_TRUE(is_multiboot_image(File{0}.bytes));
    File wrong{0};
    wrong.put(2, {1});
    EXPECT_FALSE(is_multiboot_image(wrong.bytes));
    File late{0};
    late.bytes.insert(late.bytes.begin(), 8192 - 64 - 8, 0); // its checksum lies past 8192
    EXPECT_FALSE(is_multiboot_image(late.bytes));
    EXPECT_FALSE(is_multiboot_image({}));
}

TEST(MultibootImage, AddressesInTheHeader) {
    File file{with_addresses | 3};
    file.put(3, {0x100040, 0x100010, 0x100810, 0x102000, 0x100100});
    ElfImage image;
    ASSERT_EQ(parse_multiboot_image(file.bytes, image), MultibootError::none);
    ASSERT_EQ(image.segments.size(), 1U);
    EXPECT_EQ(image.segments[0].file_offset, 16U);
    EXPECT_EQ(image.segments[0].file_size, 0x800U);
    EXPECT_EQ(image.segments[0].memory.begin, 0x100010U);
    EXPECT_EQ(image.segments[0].memory.end, 0x102000U);
    EXPECT_EQ(image.entry, 0x100100U);
    file.put(3, {0x100040, 0x100040, 0, 0, 0x100100}); // the whole file, and nothing after it
    image = {};
    ASSERT_EQ(parse_multiboot_image(file.bytes, image), MultibootError::none);
    EXPECT_EQ(image.segments[0].file_size, 4096U - 64);
    EXPECT_EQ(image.segments[0].memory.end, 0x100040U + 4096 - 64);
}

TEST(MultibootImage, NamesWhatIsWrong) {
    EXPECT_EQ(parse(File{8}), MultibootError::unknown_requirement);
    EXPECT_EQ(parse(File{4}), MultibootError::wants_video);
    EXPECT_EQ(parse(File{0}), MultibootError::bad_elf);
    const std::vector<std::vector<std::uint32_t>> contradictions{
        {0x100040, 0x100041, 0, 0, 0x100100},        // begins after the header
        {0x100041, 0x100000, 0, 0, 0x100100},        // begins before the file
        {0x100040, 0x100040, 0x102000, 0, 0x100100}, // ends after the file
        {0x100040, 0x100040, 0x100030, 0, 0x100100}, // ends before it begins
        {0x100040, 0x100040, 0, 0, 0x10003F},        // entry outside
        {0x100040, 0x100040, 0, 0, 0x200000}};
    for (const std::vector<std::uint32_t>& addresses : contradictions) {
        File file{with_addresses};
        file.put(3, addresses);
        EXPECT_EQ(parse(file), MultibootError::bad_addresses) << addresses[1];
    }
    File high{0};
    high.add_elf_header(0xFFFFF000, 0xFFFFF000); // its 0x2000 bytes wrap around
    EXPECT_EQ(parse(high), MultibootError::above_4_gib);
}

TEST(MultibootImage, NeverReadsBeyondTheFile) {
    File file{with_addresses};
    file.put(3, {0x100040, 0x100040, 0x100050, 0, 0x100048});
    for (std::size_t size = 0; size < 112; ++size) {
        // A copy of exactly this size, so that the sanitizer sees a read beyond its end.
        const std::vector<std::uint8_t> part(
            file.bytes.begin(), file.bytes.begin() + static_cast<std::ptrdiff_t>(size));
        ElfImage image;
        (void)is_multiboot_image(part);
        (void)parse_multiboot_image(part, image);
    }
}

class MultibootLoader : public ::testing::Test {
  protected:
    Machine machine;
    static constexpr std::uint32_t address = 0x200000;

    LoadedGuest load(std::string_view arguments, PhysicalRange module = {}) {
        const VirtualMachine& vm = machine.machine();
        File file{3};
        file.add_elf_header(address, address + 4);
        return load_multiboot(file.bytes, arguments, {vm.ram, vm.ram, vm.monitor, 0, {}, module});
    }
    std::uint32_t information(std::size_t word) {
        return direct_word<std::uint32_t>(boot_area::multiboot_information + word * 4);
    }
    const char* text(std::uint32_t at) { return reinterpret_cast<char*>(direct_pointer(at)); }
};

TEST_F(MultibootLoader, StartsInProtectedMode) {
    machine.word(address + 0x1000) = ~std::uint64_t{0};
    const LoadedGuest guest = load("smp 2");
    EXPECT_EQ(guest.mode, StartMode::protected_mode);
    EXPECT_EQ(guest.entry, address + 4);
    EXPECT_EQ(guest.rax, 0x2BADB002U);
    EXPECT_EQ(guest.rbx, boot_area::multiboot_information);
    EXPECT_EQ(machine.word(address), 0xCCCCCCCCCCCCCCCC);
    EXPECT_EQ(machine.word(address + 0x1000), 0U);
    EXPECT_EQ(machine.word(boot_area::gdt + guest.selectors.code), 0x00CF9B000000FFFFU);
}

TEST_F(MultibootLoader, Information) {
    load("smp 2");
    EXPECT_EQ(information(0), 0x245U); // memory, command line, memory map, name of the loader
    EXPECT_STREQ(text(information(4)), "guest smp 2");
    EXPECT_STREQ(text(information(16)), "lazyhv");
    EXPECT_EQ(information(1), 640U);
    std::uint64_t ram = 0;
    const std::uint32_t end = information(12) + information(11);
    std::uint32_t entry = information(12);
    while (entry < end) {
        if (direct_word<std::uint32_t>(entry + 20) == abi::memory_type_ram)
            ram += direct_word<std::uint64_t>(entry + 12);
        entry += direct_word<std::uint32_t>(entry) + 4;
    }
    EXPECT_EQ(entry, end);
    std::uint64_t wanted = 0;
    for (const PhysicalRange& range : machine.machine().ram.ranges())
        wanted += range.size();
    EXPECT_EQ(ram, wanted);
    load("");
    EXPECT_STREQ(text(information(4)), "guest");
}

TEST_F(MultibootLoader, TheModuleLiesInAPageThatIsFree) {
    constexpr std::uint64_t from = address + 0x800; // where the kernel will lie
    machine.word(from) = 0x1122334455667788;
    load("", {from, from + 100});
    EXPECT_EQ(information(0) & 8, 8U);
    EXPECT_EQ(information(5), 1U);
    const std::uint32_t begin = direct_word<std::uint32_t>(information(6));
    EXPECT_EQ(begin % page_size, 0U);
    EXPECT_EQ(direct_word<std::uint32_t>(information(6) + 4), begin + 100);
    EXPECT_EQ(machine.word(begin), 0x1122334455667788U);
}

} // namespace
} // namespace hv::test
