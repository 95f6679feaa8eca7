// A bzImage: everything that can be wrong with it, by name, and what Linux finds at its start.

#include "hypervisor/boot/loader/linux_image.h"
#include "hypervisor/boot/loader/linux_loader.h"
#include "tests/unit/fake/machine.h"

#include <gtest/gtest.h>

#include <asm/bootparam.h>
#include <cstring>
#include <vector>

namespace hv::test {
namespace {

constexpr std::uint64_t header_offset = offsetof(boot_params, hdr);
constexpr std::uint64_t setup_sectors = 2;
constexpr std::uint64_t kernel_offset = (setup_sectors + 1) * 512;
constexpr std::uint64_t kernel_size = 4096;

struct Image {
    setup_header header{};

    Image() {
        header.setup_sects = setup_sectors;
        header.syssize = kernel_size / 16;
        header.header = 0x53726448;
        header.version = 0x020F;
        header.loadflags = LOADED_HIGH;
        header.xloadflags = XLF_KERNEL_64;
        header.initrd_addr_max = 0x7FFFFFFF;
        header.kernel_alignment = 0x200000;
        header.relocatable_kernel = 1;
        header.cmdline_size = 100;
        header.pref_address = 0x400000;
        header.init_size = 0x300000;
        header.jump = 0x6AEB; // over the header, to 0x26C
    }
    std::vector<std::uint8_t> bytes() const {
        std::vector<std::uint8_t> result(kernel_offset + kernel_size, 0x90);
        std::memcpy(result.data() + header_offset, &header, sizeof(header));
        return result;
    }
};

LinuxError parse(const Image& image) {
    LinuxImage parsed;
    return parse_linux_image(image.bytes(), parsed);
}

TEST(LinuxImage, Reads) {
    LinuxImage image{};
    ASSERT_EQ(parse_linux_image(Image{}.bytes(), image), LinuxError::none);
    EXPECT_EQ(image.kernel_offset, kernel_offset);
    EXPECT_EQ(image.kernel_size, kernel_size);
    EXPECT_EQ(image.memory_size, 0x300000U);
    EXPECT_EQ(image.preferred_address, 0x400000U);
    EXPECT_EQ(image.alignment, 0x200000U);
    EXPECT_EQ(image.initrd_end, 0x80000000U);
    EXPECT_EQ(image.setup_header_size, 0x26C - header_offset);
}

TEST(LinuxImage, OlderKernelsHaveFewerFields) {
    Image old;
    old.header.version = 0x0202;
    LinuxImage image{};
    ASSERT_EQ(parse_linux_image(old.bytes(), image), LinuxError::none);
    EXPECT_FALSE(image.has_64_bit_entry);
    EXPECT_EQ(image.preferred_address, 0x100000U);
    EXPECT_GT(image.memory_size, kernel_size + (8U << 20));
    EXPECT_EQ(image.alignment, 0U);
    EXPECT_EQ(image.initrd_end, 0x38000000U);
    EXPECT_EQ(image.command_line_size, 255U);
    Image without;
    without.header.xloadflags = 0;
    ASSERT_EQ(parse_linux_image(without.bytes(), image), LinuxError::none);
    EXPECT_FALSE(image.has_64_bit_entry);
}

TEST(LinuxImage, NamesWhatIsWrong) {
    Image image;
    image.header.header = 0;
    EXPECT_EQ(parse(image), LinuxError::not_linux);
    image = {};
    image.header.version = 0x0201;
    EXPECT_EQ(parse(image), LinuxError::too_old);
    image = {};
    image.header.loadflags = 0;
    EXPECT_EQ(parse(image), LinuxError::not_loaded_high);
    image = {};
    image.header.syssize += 1;
    EXPECT_EQ(parse(image), LinuxError::truncated);
    image = {};
    image.header.syssize = 0;
    EXPECT_EQ(parse(image), LinuxError::truncated);
    image = {};
    image.header.setup_sects = 255;
    EXPECT_EQ(parse(image), LinuxError::truncated);
}

TEST(LinuxImage, NeverReadsBehindTheFile) {
    const std::vector<std::uint8_t> whole = Image{}.bytes();
    for (std::size_t size = 0; size < whole.size(); ++size) {
        // A copy of exactly this size, so that the sanitizer sees a read beyond its end.
        const std::vector<std::uint8_t> part(whole.begin(),
                                             whole.begin() + static_cast<std::ptrdiff_t>(size));
        LinuxImage image{};
        EXPECT_NE(parse_linux_image(part, image), LinuxError::none) << size;
    }
}

class LinuxLoader : public ::testing::Test {
  protected:
    Machine machine;
    VirtualMachine& vm = machine.machine();
    std::vector<abi::MemoryRange> firmware{{0, 0x9F000, 1, 0}, {0xF0000, 0x10000, 3, 0}};
    PhysicalRange initrd{};
    std::uint64_t rsdp = 0;

    LoadedGuest load(const Image& image, std::string_view words = "quiet run=a") {
        const std::vector<std::uint8_t> bytes = image.bytes();
        return load_linux(bytes, words,
                          {.ram = vm.ram,
                           .loadable = vm.ram,
                           .monitor = vm.monitor,
                           .rsdp = rsdp,
                           .firmware = firmware,
                           .initrd = initrd});
    }
    void refuses(const Image& image, const std::string& why, std::string_view words = "") {
        machine.console.clear();
        EXPECT_THROW(load(image, words), RunEnded);
        EXPECT_NE(machine.console.find(why), std::string::npos) << machine.console;
    }
    const boot_params& params() {
        return *reinterpret_cast<boot_params*>(direct_pointer(boot_area::boot_params));
    }
    bool has_range(std::uint64_t begin, std::uint64_t size, std::uint32_t type) {
        for (std::uint32_t n = 0; n < params().e820_entries; ++n)
            if (params().e820_table[n].addr == begin && params().e820_table[n].size == size &&
                params().e820_table[n].type == type)
                return true;
        return false;
    }
};

TEST_F(LinuxLoader, StartsBehindTheHeaderWithBootParameters) {
    const LoadedGuest guest = load(Image{});
    EXPECT_EQ(guest.entry, 0x400200U);
    EXPECT_EQ(guest.rsi, boot_area::boot_params);
    EXPECT_EQ(machine.word(0x400000), 0x9090909090909090U);
    EXPECT_EQ(params().hdr.version, 0x020F);
    EXPECT_EQ(params().hdr.type_of_loader, 0xFF);
    EXPECT_STREQ(reinterpret_cast<char*>(direct_pointer(params().hdr.cmd_line_ptr)), "quiet run=a");
    EXPECT_EQ(params().hdr.ramdisk_size, 0U);
}

TEST_F(LinuxLoader, StartsInProtectedModeWithout64BitEntry) {
    Image image;
    image.header.xloadflags = 0;
    const LoadedGuest guest = load(image);
    EXPECT_EQ(guest.mode, StartMode::protected_mode);
    EXPECT_EQ(guest.entry, 0x400000U);
    EXPECT_EQ(guest.selectors.code, 0x10U);
    EXPECT_EQ(machine.word(boot_area::gdt + 0x10), 0x00CF9B000000FFFFU);
    EXPECT_EQ(params().hdr.code32_start, 0x400000U);
}

TEST_F(LinuxLoader, GoesElsewhereWhereThereIsNoRoom) {
    Image image;
    image.header.pref_address = 0x1000000;
    const std::uint64_t at = load(image).entry - linux_entry_offset;
    EXPECT_EQ(at % image.header.kernel_alignment, 0U);
    EXPECT_TRUE(vm.ram.is_ram(at, image.header.init_size));
    image.header.relocatable_kernel = 0;
    refuses(image, "in one piece");
    image = {};
    image.header.init_size = fake_ram_size;
    refuses(image, "in one piece");
}

TEST_F(LinuxLoader, TellsOfAllMemory) {
    load(Image{});
    EXPECT_TRUE(has_range(0x100000, fake_ram_size - 0x100000, abi::memory_type_ram));
    EXPECT_TRUE(has_range(0xF0000, 0x10000, 3));
    EXPECT_TRUE(has_range(0xC0000, 0x20000, abi::memory_type_reserved));
    EXPECT_TRUE(has_range(vm.monitor.begin, vm.monitor.size(), abi::memory_type_reserved));
    for (std::uint32_t n = 1; n < params().e820_entries; ++n)
        EXPECT_GE(params().e820_table[n].addr,
                  params().e820_table[n - 1].addr + params().e820_table[n - 1].size);
}

TEST_F(LinuxLoader, MovesTheInitrdOutOfTheKernelsWay) {
    initrd = {0x500000, 0x500000 + 10'000};
    machine.word(0x500000) = 0x1122334455667788;
    load(Image{});
    EXPECT_EQ(params().hdr.ramdisk_size, 10'000U);
    const std::uint64_t at = params().hdr.ramdisk_image;
    EXPECT_TRUE(at >= 0x700000 || at + 10'000 <= 0x400000) << at;
    EXPECT_EQ(machine.word(at), 0x1122334455667788U);
    initrd = {0x200000, 0x200000 + 0x800000};
    refuses(Image{}, "no place for the initrd");
}

TEST_F(LinuxLoader, CopiesTheRsdp) {
    rsdp = 0x300000;
    machine.word(rsdp) = 0x2052545020445352; // "RSD PTR "
    load(Image{});
    EXPECT_EQ(params().acpi_rsdp_addr, boot_area::rsdp);
    EXPECT_EQ(machine.word(boot_area::rsdp), machine.word(rsdp));
}

TEST_F(LinuxLoader, RefusesWhatCannotBeBooted) {
    Image image;
    image.header.version = 0x0200;
    refuses(image, "older than 2.02");
    refuses(Image{}, "longer than the 100 characters", std::string(101, 'x'));
}

} // namespace
} // namespace hv::test
