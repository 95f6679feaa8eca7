#include "guest/kernel/paravirt/rom_probe.h"
#include "shared/guest_physical_layout.h"
#include "shared/rom_header.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string_view>
#include <vector>

namespace {

using guest::paravirt::probe_rom;
using guest::paravirt::RomFault;
using guest::paravirt::RomProbe;

constexpr std::size_t rom_offset = abi::rom_base - abi::rom_scan_begin;
constexpr std::size_t rom_size = 4 * abi::rom_size_unit;
constexpr std::uint16_t licence_offset = 256;
constexpr std::uint16_t pci_offset = 320;
constexpr std::uint32_t init_offset = 512;
constexpr std::uint32_t reloc_offset = 520;

/// A window with one good ROM in it, to be spoilt.
class RomWindow {
  public:
    abi::RomHeader header{};

    explicit RomWindow(std::size_t offset = rom_offset) : offset_(offset) {
        header.signature = abi::rom_signature;
        header.length = rom_size / abi::rom_size_unit;
        header.vmi = abi::vmi_signature;
        header.api_major = abi::vmi_api_major;
        header.api_minor = abi::vmi_api_minor;
        header.licence = licence_offset;
        header.pci = pci_offset;
        header.extension = {abi::extension_signature,
                            abi::abi_version,
                            sizeof(abi::RomExtension),
                            init_offset,
                            reloc_offset,
                            static_cast<std::uint32_t>(abi::vcpu_area_base - abi::rom_base),
                            abi::ring_capacity};
        set_licence("GPL");
        const std::uint32_t pci = abi::pci_signature;
        std::memcpy(bytes_.data() + offset_ + pci_offset, &pci, sizeof(pci));
    }

    void set_licence(std::string_view licence) {
        std::memset(bytes_.data() + offset_ + licence_offset, 0, 32);
        std::memcpy(bytes_.data() + offset_ + licence_offset, licence.data(), licence.size());
    }

    std::vector<std::uint8_t>& bytes() { return bytes_; }

    /// Puts the header in place and makes the checksum right.
    std::vector<std::uint8_t>& finished() {
        std::memcpy(bytes_.data() + offset_, &header, sizeof(header));
        std::uint8_t sum = 0;
        for (std::size_t i = 0; i + 1 < rom_size; ++i)
            sum = static_cast<std::uint8_t>(sum + bytes_[offset_ + i]);
        bytes_[offset_ + rom_size - 1] = static_cast<std::uint8_t>(-sum);
        return bytes_;
    }

    RomProbe probe() { return probe_rom(finished()); }

  private:
    std::size_t offset_;
    std::vector<std::uint8_t> bytes_ =
        std::vector<std::uint8_t>(abi::rom_scan_end - abi::rom_scan_begin);
};

TEST(RomProbe, FindsAGoodRom) {
    const RomProbe probe = RomWindow().probe();
    EXPECT_EQ(probe.fault, RomFault::none);
    EXPECT_EQ(probe.offset, rom_offset);
    EXPECT_EQ(probe.vmi_init, init_offset);
    EXPECT_EQ(probe.get_reloc, reloc_offset);
}

TEST(RomProbe, FindsItInTheFirstStep) { EXPECT_EQ(RomWindow(0).probe().fault, RomFault::none); }

TEST(RomProbe, IgnoresARomBetweenSteps) {
    EXPECT_EQ(RomWindow(rom_offset + 512).probe().fault, RomFault::absent);
}

TEST(RomProbe, EmptyAndTinyWindowsHoldNone) {
    EXPECT_EQ(probe_rom({}).fault, RomFault::absent);
    const std::vector<std::uint8_t> tiny(sizeof(abi::RomHeader) - 1, 0xAA);
    EXPECT_EQ(probe_rom(tiny).fault, RomFault::absent);
}

TEST(RomProbe, IgnoresOtherOptionRoms) {
    RomWindow window;
    window.header.vmi = 0;
    EXPECT_EQ(window.probe().fault, RomFault::absent);
    window.header.vmi = abi::vmi_signature;
    window.header.signature = 0x55AA;
    EXPECT_EQ(window.probe().fault, RomFault::absent);
}

TEST(RomProbe, GoesOnBehindABadRom) {
    RomWindow window;
    abi::RomHeader bad = window.header;
    bad.api_major = 2;
    std::memcpy(window.bytes().data(), &bad, sizeof(bad));
    const RomProbe probe = window.probe();
    EXPECT_EQ(probe.fault, RomFault::none);
    EXPECT_EQ(probe.offset, rom_offset);
}

TEST(RomProbe, RefusesARomLongerThanTheWindow) {
    RomWindow window;
    window.header.length = 0xFF;
    EXPECT_EQ(window.probe().fault, RomFault::truncated);
}

TEST(RomProbe, RefusesARomShorterThanItsHeader) {
    RomWindow window;
    window.header.length = 0;
    EXPECT_EQ(window.probe().fault, RomFault::truncated);
}

TEST(RomProbe, RefusesAWrongChecksum) {
    RomWindow window;
    std::vector<std::uint8_t>& bytes = window.finished();
    ++bytes[rom_offset + reloc_offset];
    EXPECT_EQ(probe_rom(bytes).fault, RomFault::checksum);
}

TEST(RomProbe, WantsVersion3) {
    RomWindow window;
    window.header.api_major = 2;
    EXPECT_EQ(window.probe().fault, RomFault::api_version);
    window.header.api_major = 4;
    EXPECT_EQ(window.probe().fault, RomFault::api_version);
    window.header.api_major = 3;
    window.header.api_minor = 1;
    EXPECT_EQ(window.probe().fault, RomFault::none);
}

TEST(RomProbe, WantsTheLicenceExactly) {
    RomWindow window;
    window.set_licence("GPL v2");
    EXPECT_EQ(window.probe().fault, RomFault::none);
    for (const std::string_view wrong : {"", "GP", "GPL v3", "GPLv2", "gpl", "MIT"}) {
        window.set_licence(wrong);
        EXPECT_EQ(window.probe().fault, RomFault::licence) << wrong;
    }
}

TEST(RomProbe, RefusesALicenceOutsideTheImage) {
    RomWindow window;
    window.header.licence = rom_size;
    EXPECT_EQ(window.probe().fault, RomFault::licence);
    window.header.licence = 0xFFFF;
    EXPECT_EQ(window.probe().fault, RomFault::licence);
}

TEST(RomProbe, RefusesALicenceWithoutItsEnd) {
    RomWindow window;
    std::memcpy(window.bytes().data() + rom_offset + rom_size - 3, "GPL", 3);
    window.header.licence = rom_size - 3;
    EXPECT_EQ(window.probe().fault, RomFault::licence);
}

TEST(RomProbe, WantsAPciHeader) {
    RomWindow window;
    for (const int wrong : {0, 1, 319, 2047, 2048, 0xFFFF}) {
        window.header.pci = static_cast<std::uint16_t>(wrong);
        EXPECT_EQ(window.probe().fault, RomFault::pci_header) << wrong;
    }
}

TEST(RomProbe, WantsTheExtension) {
    RomWindow window;
    window.header.extension.signature = 0;
    EXPECT_EQ(window.probe().fault, RomFault::no_extension);
    window.header.extension.signature = abi::extension_signature;
    window.header.extension.size = sizeof(abi::RomExtension) - 1;
    EXPECT_EQ(window.probe().fault, RomFault::no_extension);
    window.header.extension.size = sizeof(abi::RomExtension);
    window.header.extension.version = abi::abi_version + 1;
    EXPECT_EQ(window.probe().fault, RomFault::abi_version);
}

TEST(RomProbe, WantsItsEntriesInsideTheImage) {
    for (const std::uint32_t wrong : {0U, 143U, 2048U, 0xFFFFFFFFU}) {
        RomWindow init;
        init.header.extension.vmi_init = wrong;
        EXPECT_EQ(init.probe().fault, RomFault::bad_entry) << wrong;
        RomWindow reloc;
        reloc.header.extension.get_reloc = wrong;
        EXPECT_EQ(reloc.probe().fault, RomFault::bad_entry) << wrong;
    }
}

TEST(RomProbe, WantsTheVcpuAreaBehindTheImageAndInsideTheWindow) {
    for (const std::uint32_t wrong : {0U, 2047U, 0xFFFFU, 0xFFFFFFFFU}) {
        RomWindow window;
        window.header.extension.vcpu_area = wrong;
        EXPECT_EQ(window.probe().fault, RomFault::vcpu_area) << wrong;
    }
}

TEST(RomProbe, WantsItsRingCapacity) {
    RomWindow window;
    window.header.extension.ring_capacity = abi::ring_capacity / 2;
    EXPECT_EQ(window.probe().fault, RomFault::ring_capacity);
}

/// Any header and any window length: never a read beyond the window (the sanitizer's business), and
/// never a usable ROM whose offsets lie outside it.
TEST(RomProbe, SurvivesArbitraryBytes) {
    std::mt19937 random(1);
    RomWindow good;
    const std::vector<std::uint8_t> original = good.finished();
    for (int i = 0; i < 20000; ++i) {
        std::vector<std::uint8_t> bytes(original.begin() + rom_offset, original.end());
        bytes.resize(random() % (2 * rom_size));
        bytes.shrink_to_fit();
        for (std::uint32_t change = random() % 4; change > 0 && !bytes.empty(); --change)
            bytes[random() % std::min<std::size_t>(bytes.size(), 64)] =
                static_cast<std::uint8_t>(random());
        const RomProbe probe = probe_rom(bytes);
        if (probe.fault == RomFault::none) {
            EXPECT_LT(probe.offset + std::size_t{probe.vmi_init}, bytes.size());
            EXPECT_LT(probe.offset + std::size_t{probe.get_reloc}, bytes.size());
        }
    }
}

TEST(RomProbe, EveryFaultHasAName) {
    for (const std::string_view name : guest::paravirt::rom_fault_names)
        EXPECT_FALSE(name.empty());
}

} // namespace
