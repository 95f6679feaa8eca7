// The built image, build/vmi_rom/vmi.rom: what a kernel looks for in it, that it runs wherever it
// is mapped, and its entries, executed here.

#include "shared/call_table.h"
#include "shared/error.h"
#include "shared/guest_physical_layout.h"
#include "shared/rom_header.h"
#include "vmi_rom/header.h"
#include "vmi_rom/option_rom.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <sys/mman.h>
#include <vector>

namespace {

std::vector<std::uint8_t> read_image(const std::string& name) {
    std::ifstream input(LAZYHV_BINARY_DIR "/vmi_rom/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(input), {}};
}

class Rom : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_GE(image_.size(), sizeof(abi::RomHeader)) << "vmi.rom is missing or too short";
        std::memcpy(&header_, image_.data(), sizeof(header_));
    }

    template <class T>
    T at(std::size_t offset) const {
        T value{};
        EXPECT_LE(offset + sizeof(T), image_.size());
        std::memcpy(&value, image_.data() + offset, sizeof(T));
        return value;
    }

    std::string text(std::size_t offset) const {
        return reinterpret_cast<const char*>(image_.data()) + offset;
    }

    const std::vector<std::uint8_t> image_ = read_image("vmi.rom");
    abi::RomHeader header_{};
};

TEST_F(Rom, IsAnOptionRom) {
    EXPECT_EQ(header_.signature, abi::rom_signature);
    EXPECT_EQ(header_.length * abi::rom_size_unit, image_.size());
    EXPECT_LE(image_.size(), abi::rom_max_size);
    EXPECT_EQ(std::accumulate(image_.begin(), image_.end(), 0U) % 256, 0);
    EXPECT_EQ(header_.entry16[0], 0xCB); // RETF
    EXPECT_EQ(abi::rom_base % abi::rom_scan_step, 0);
}

TEST_F(Rom, HasTheVmiHeader) {
    EXPECT_EQ(header_.vmi, abi::vmi_signature);
    EXPECT_EQ(header_.api_major, 3);
    EXPECT_EQ(header_.api_minor, 0);
    EXPECT_EQ(header_.virtual_top, 0);
    EXPECT_EQ(text(header_.licence), "GPL");
}

TEST_F(Rom, HasThePciHeader) {
    ASSERT_NE(header_.pci, 0);
    const auto pci = at<rom::PciHeader>(header_.pci);
    EXPECT_EQ(pci.signature, abi::pci_signature);
    EXPECT_EQ(pci.vendor, abi::vmi_pci_vendor);
    EXPECT_EQ(pci.device, abi::vmi_pci_device);
    EXPECT_EQ(pci.size, sizeof(pci));
    EXPECT_EQ(pci.image_length, header_.length);
    EXPECT_EQ(pci.indicator, rom::pci_last_image);
}

TEST_F(Rom, HasThePnpHeader) {
    const auto pnp = at<rom::PnpHeader>(header_.pnp);
    EXPECT_EQ(pnp.signature, abi::pnp_signature);
    EXPECT_EQ(text(pnp.manufacturer), "lazyhv");
    EXPECT_FALSE(text(pnp.product).empty());
    const auto begin = image_.begin() + header_.pnp;
    EXPECT_EQ(std::accumulate(begin, begin + std::ptrdiff_t{pnp.size} * 16, 0U) % 256, 0);
}

// tests/system/vmi32_test.cpp executes them.
TEST_F(Rom, HasEntriesFor32BitKernels) {
    constexpr std::uint8_t jump = 0xE9; // JMP rel32
    constexpr std::uint32_t jump_length = 5;
    const auto target = [&](std::size_t field) {
        EXPECT_EQ(image_[field], jump);
        return static_cast<std::uint32_t>(field) + jump_length + at<std::uint32_t>(field + 1);
    };
    const std::uint32_t init = target(offsetof(abi::RomHeader, vmi_init32));
    const std::uint32_t reloc = target(offsetof(abi::RomHeader, get_reloc32));
    EXPECT_EQ(init, rom::i386_offset);
    EXPECT_EQ(reloc, rom::i386_offset + rom::bootstrap_entry_size);
    for (const std::uint32_t entry : {init, reloc}) {
        EXPECT_GT(target(entry), entry);
        EXPECT_LT(target(entry), image_.size());
    }
}

TEST_F(Rom, HasTheExtensionFor64BitKernels) {
    const abi::RomExtension& extension = header_.extension;
    EXPECT_EQ(extension.signature, abi::extension_signature);
    EXPECT_EQ(extension.version, abi::abi_version);
    EXPECT_EQ(extension.size, sizeof(abi::RomExtension));
    EXPECT_EQ(extension.vcpu_area, abi::vcpu_area_base - abi::rom_base);
    EXPECT_EQ(extension.ring_capacity, abi::ring_capacity);
    EXPECT_GE(extension.vmi_init, sizeof(abi::RomHeader));
    EXPECT_LT(extension.vmi_init, image_.size());
    EXPECT_GE(extension.get_reloc, sizeof(abi::RomHeader));
    EXPECT_LT(extension.get_reloc, image_.size());
}

TEST_F(Rom, IsTheSameWhereverItIsLinked) { EXPECT_EQ(image_, read_image("vmi_elsewhere.rom")); }

TEST_F(Rom, VmiInitIsTheHypercall) {
    // JMP rel32 to code that loads EAX with the number and has a VMCALL soon.
    const std::uint32_t entry = header_.extension.vmi_init;
    ASSERT_EQ(image_[entry], 0xE9);
    const std::uint32_t code = entry + 5 + at<std::uint32_t>(entry + 1);
    const std::string start(reinterpret_cast<const char*>(image_.data()) + code, 32);
    EXPECT_NE(start.find("\xB8\x62"), std::string::npos);
    EXPECT_NE(start.find("\x0F\x01\xC1"), std::string::npos);
}

/// The image, followed by a per-vCPU area, mapped somewhere as a kernel maps it.
class MappedRom : public Rom {
  protected:
    static constexpr std::uint64_t area_distance = abi::vcpu_area_base - abi::rom_base;
    static constexpr std::uint64_t size = area_distance + sizeof(abi::VcpuArea);

    void SetUp() override {
        Rom::SetUp();
        void* memory =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(memory, MAP_FAILED);
        base_ = static_cast<std::uint8_t*>(memory);
        std::memcpy(base_, image_.data(), image_.size());
        // Readable and executable, as the monitor maps it.
        ASSERT_EQ(mprotect(base_, area_distance, PROT_READ | PROT_EXEC), 0);
        area_ = reinterpret_cast<abi::VcpuArea*>(base_ + area_distance);
    }

    void TearDown() override { munmap(base_, size); }

    template <class Function>
    Function* entry(std::uint32_t offset) {
        return reinterpret_cast<Function*>(base_ + offset);
    }

    abi::Relocation get_reloc(std::uint32_t call) {
        return abi::Relocation::decode(
            entry<std::uint64_t(std::uint32_t)>(header_.extension.get_reloc)(call));
    }

    void set_answers(abi::Profile profile, abi::Interface interface) {
        for (std::uint32_t call = 0; call < abi::call_limit; ++call) {
            area_->control.answer[call] =
                static_cast<std::uint8_t>(abi::answer(call, profile, interface));
        }
    }

    template <class Function>
    Function* call(abi::Call number) {
        return entry<Function>(get_reloc(static_cast<std::uint32_t>(number)).target);
    }

    std::uint8_t* base_ = nullptr;
    abi::VcpuArea* area_ = nullptr;
};

TEST_F(MappedRom, GetRelocAnswersWithTargetsInsideTheImage) {
    set_answers(abi::Profile::hardened, abi::Interface::lazy);
    std::vector<std::uint32_t> targets;
    for (std::uint32_t number = 0; number < abi::call_limit; ++number) {
        const abi::Relocation reloc = get_reloc(number);
        const auto expected =
            abi::relocation_type(abi::answer(number, abi::Profile::hardened, abi::Interface::lazy));
        EXPECT_EQ(reloc.type, expected) << number;
        if (expected == abi::RelocationType::call_rel ||
            expected == abi::RelocationType::jump_rel) {
            EXPECT_GE(reloc.target, sizeof(abi::RomHeader)) << number;
            EXPECT_LT(reloc.target, image_.size()) << number;
            // Values are 64 bits wide, so the long forms are the same entries.
            const bool is_long_form =
                number == static_cast<std::uint32_t>(abi::Call::set_pxe_long) ||
                number == static_cast<std::uint32_t>(abi::Call::update_pxe_long);
            EXPECT_EQ(std::count(targets.begin(), targets.end(), reloc.target),
                      is_long_form ? 1 : 0)
                << number;
            targets.push_back(reloc.target);
        }
    }
    EXPECT_EQ(get_reloc(abi::call_limit).type, abi::RelocationType::none);
    EXPECT_EQ(get_reloc(0xFFFFFFFF).type, abi::RelocationType::none);
}

TEST_F(MappedRom, LocalCallsWorkOnTheAreaBehindTheImage) {
    set_answers(abi::Profile::hardened, abi::Interface::lazy);
    abi::ControlPage& control = area_->control;
    control.cr0 = 0x80050033;
    control.cr3 = 0xABC000;
    control.tr_selector = 0x40;
    control.gdt_base = 0xFFFF800012340000;
    control.gdt_limit = 0xFF;
    EXPECT_EQ(call<std::uint64_t()>(abi::Call::get_cr0)(), 0x80050033);
    EXPECT_EQ(call<std::uint64_t()>(abi::Call::get_cr3)(), 0xABC000);
    EXPECT_EQ(call<std::uint64_t()>(abi::Call::get_tr)(), 0x40);
    abi::PseudoDescriptor table{};
    call<void(abi::PseudoDescriptor*)>(abi::Call::get_gdt)(&table);
    EXPECT_EQ(table.base, 0xFFFF800012340000);
    EXPECT_EQ(table.limit, 0xFF);

    auto* set_lazy_mode = call<std::uint64_t(std::uint32_t)>(abi::Call::set_lazy_mode);
    EXPECT_EQ(set_lazy_mode(2), 0);
    EXPECT_EQ(control.lazy_mode, 2);
    EXPECT_EQ(set_lazy_mode(1), static_cast<std::uint64_t>(abi::Error::nested_lazy_mode));
    EXPECT_EQ(set_lazy_mode(9), static_cast<std::uint64_t>(abi::Error::unknown_lazy_mode));
    control.ring.pending_error = 13;
    EXPECT_EQ(set_lazy_mode(0), 13);
    EXPECT_EQ(control.ring.pending_error, 0);
    EXPECT_EQ(set_lazy_mode(0), static_cast<std::uint64_t>(abi::Error::unpaired_lazy_mode));
    EXPECT_EQ(control.nested_mode_errors, 1);
    EXPECT_EQ(control.unpaired_mode_errors, 1);
    EXPECT_EQ(control.unknown_mode_errors, 1);
}

} // namespace
