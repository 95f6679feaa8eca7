// The guest's ELF file and the boot area: everything that can be wrong with a file, by name.

#include "hypervisor/boot/loader/elf_image.h"
#include "hypervisor/boot/loader/guest_loader.h"
#include "shared/start_info.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <cstring>
#include <elf.h>
#include <vector>

namespace hv::test {
namespace {

struct File {
    Elf64_Ehdr header{};
    Elf64_Phdr segment{};

    File() {
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = ELFCLASS64;
        header.e_ident[EI_DATA] = ELFDATA2LSB;
        header.e_type = ET_EXEC;
        header.e_machine = EM_X86_64;
        header.e_phoff = sizeof(header);
        header.e_phentsize = sizeof(segment);
        header.e_phnum = 1;
        header.e_entry = 0xFFFFFFFF80200010;
        segment.p_type = PT_LOAD;
        segment.p_offset = sizeof(header) + sizeof(segment);
        segment.p_vaddr = 0xFFFFFFFF80200000;
        segment.p_paddr = 0x200000;
        segment.p_filesz = 64;
        segment.p_memsz = 0x2000;
    }
    std::vector<std::uint8_t> bytes() const {
        std::vector<std::uint8_t> result(sizeof(header) + sizeof(segment) + 64, 0xCC);
        std::memcpy(result.data(), &header, sizeof(header));
        std::memcpy(result.data() + sizeof(header), &segment, sizeof(segment));
        return result;
    }
};

ElfError parse(const std::vector<std::uint8_t>& bytes) {
    ElfImage image;
    return parse_elf(bytes, image);
}

TEST(ElfImage, Reads) {
    ElfImage image;
    ASSERT_EQ(parse_elf(File{}.bytes(), image), ElfError::none);
    EXPECT_EQ(image.entry, 0x200010U); // physical
    ASSERT_EQ(image.segments.size(), 1U);
    EXPECT_EQ(image.segments[0].memory.begin, 0x200000U);
    EXPECT_EQ(image.segments[0].memory.end, 0x202000U);
}

TEST(ElfImage, NamesWhatIsWrong) {
    EXPECT_EQ(parse({}), ElfError::not_elf);
    EXPECT_EQ(parse({'M', 'Z', 0, 0, 0}), ElfError::not_elf);
    EXPECT_EQ(parse({0x7F, 'E', 'L', 'F', 2, 1}), ElfError::truncated);
    File file;
    file.header.e_ident[EI_CLASS] = ELFCLASS32;
    EXPECT_EQ(parse(file.bytes()), ElfError::not_64_bit);
    file = {};
    file.header.e_ident[EI_DATA] = ELFDATA2MSB;
    EXPECT_EQ(parse(file.bytes()), ElfError::wrong_byte_order);
    file = {};
    file.header.e_machine = EM_AARCH64;
    EXPECT_EQ(parse(file.bytes()), ElfError::wrong_machine);
    file = {};
    file.header.e_type = ET_REL;
    EXPECT_EQ(parse(file.bytes()), ElfError::not_executable);
    file = {};
    file.header.e_entry = 0x1000;
    EXPECT_EQ(parse(file.bytes()), ElfError::entry_outside);
    file = {};
    file.segment.p_type = PT_NOTE;
    EXPECT_EQ(parse(file.bytes()), ElfError::no_segments);
}

TEST(ElfImage, NeverReadsBehindTheFile) {
    const std::vector<std::uint8_t> whole = File{}.bytes();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of exactly this size, so that the sanitizer sees a read beyond its end.
        const std::vector<std::uint8_t> part(whole.begin(),
                                             whole.begin() + static_cast<std::ptrdiff_t>(size));
        EXPECT_NE(parse(part), ElfError::none) << size;
    }
    for (const std::uint64_t wild :
         {~std::uint64_t{0}, ~std::uint64_t{0} - 50, std::uint64_t{1} << 63}) {
        File file;
        file.header.e_phoff = wild;
        EXPECT_EQ(parse(file.bytes()), ElfError::truncated);
        file = {};
        file.segment.p_offset = wild;
        EXPECT_EQ(parse(file.bytes()), ElfError::truncated);
        file = {};
        file.segment.p_filesz = wild;
        EXPECT_EQ(parse(file.bytes()), ElfError::truncated);
        file = {};
        file.segment.p_paddr = wild;
        file.segment.p_memsz = wild;
        EXPECT_EQ(parse(file.bytes()), ElfError::truncated);
    }
}

class Loader : public ::testing::Test {
  protected:
    Machine machine;

    LoadedGuest load(const File& file) {
        VirtualMachine& vm = machine.machine();
        const std::vector<std::uint8_t> bytes = file.bytes();
        return load_guest(bytes, "test words", {vm.ram, vm.ram, vm.monitor, 0});
    }
    void refuses(const File& file, const std::string& why) {
        machine.console.clear();
        EXPECT_THROW(load(file), RunEnded);
        EXPECT_NE(machine.console.find(why), std::string::npos) << machine.console;
        EXPECT_NE(machine.console.find("@end status=1"), std::string::npos);
    }
};

TEST_F(Loader, LoadsAndZeroes) {
    machine.word(0x201000) = ~std::uint64_t{0};
    EXPECT_EQ(load(File{}).entry, 0x200010U);
    EXPECT_EQ(machine.word(0x200000), 0xCCCCCCCCCCCCCCCC);
    EXPECT_EQ(machine.word(0x200040), 0U);
    EXPECT_EQ(machine.word(0x201000), 0U);
    const auto& info = *reinterpret_cast<abi::StartInfo*>(direct_pointer(boot_area::start_info));
    EXPECT_EQ(info.magic, abi::start_info_magic);
    EXPECT_STREQ(reinterpret_cast<char*>(direct_pointer(info.command_line)), "test words");
    const auto* ranges = reinterpret_cast<abi::MemoryRange*>(direct_pointer(info.memory_map));
    bool monitor_reserved = false;
    for (std::uint32_t n = 0; n < info.memory_map_entries; ++n)
        monitor_reserved |=
            ranges[n].address == fake_ram_size && ranges[n].type == abi::memory_type_reserved;
    EXPECT_TRUE(monitor_reserved);
}

TEST_F(Loader, RefusesPlacesThatAreTaken) {
    File file;
    file.segment.p_paddr = 0xC8000;
    refuses(file, "overlaps the ROM window");
    file.segment.p_paddr = fake_ram_size - 0x1000;
    refuses(file, "overlaps the monitor");
    file.segment.p_paddr = 0x11000;
    refuses(file, "overlaps the boot area");
    file.segment.p_paddr = 0x40000000;
    refuses(file, "is not all memory");
    file = {};
    file.segment.p_memsz = fake_ram_size + 1;
    refuses(file, "too big");
    file = {};
    file.header.e_machine = EM_ARM;
    refuses(file, "another machine");
}

} // namespace
} // namespace hv::test
