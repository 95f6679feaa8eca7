// The processors in ACPI tables, whole and broken.

#include "hypervisor/boot/acpi/fixed_hardware.h"
#include "hypervisor/boot/acpi/memory_configuration.h"
#include "hypervisor/boot/acpi/processors.h"
#include "tests/unit/fake/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace hv::test {
namespace {

using testing::ElementsAre;

using Octets = std::vector<std::uint8_t>;

void append(Octets& octets, std::uint64_t value, std::uint32_t size) {
    for (std::uint32_t index = 0; index < size; ++index)
        octets.push_back(static_cast<std::uint8_t>(value >> index * 8));
}

std::uint8_t missing(const Octets& octets, std::size_t count) {
    std::uint8_t sum = 0;
    for (std::size_t index = 0; index < count; ++index)
        sum = static_cast<std::uint8_t>(sum + octets[index]);
    return static_cast<std::uint8_t>(-sum);
}

/// A table with its header: length and checksum as they must be.
Octets table(const char* signature, const Octets& content) {
    Octets octets(signature, signature + 4);
    append(octets, 36 + content.size(), 4);
    octets.resize(36);
    octets.insert(octets.end(), content.begin(), content.end());
    octets[9] = missing(octets, octets.size());
    return octets;
}

Octets apic(std::uint8_t id, std::uint32_t flags = 1) {
    Octets octets{0, 8, 0, id};
    append(octets, flags, 4);
    return octets;
}

Octets x2apic(std::uint32_t id, std::uint32_t flags = 1) {
    Octets octets{9, 16, 0, 0};
    append(octets, id, 4);
    append(octets, flags, 4);
    append(octets, 0, 4);
    return octets;
}

Octets madt(const std::vector<Octets>& entries) {
    Octets content(8);
    for (const Octets& entry : entries)
        content.insert(content.end(), entry.begin(), entry.end());
    return table("APIC", content);
}

class AcpiProcessors : public testing::Test {
  protected:
    static constexpr std::uint64_t rsdp = 0x9F000;
    static constexpr std::uint64_t rsdt = 0x110004; // tables need no alignment
    static constexpr std::uint64_t xsdt = 0x111002;
    static constexpr std::uint64_t other = 0x112000;
    static constexpr std::uint64_t madt_address = 0x113003;
    static constexpr std::uint32_t boot = 4;

    void put(std::uint64_t physical, const Octets& octets) {
        std::memcpy(direct_pointer(physical), octets.data(), octets.size());
    }

    /// An RSDP of revision 0, or of revision 2 with an XSDT.
    void put_rsdp(bool with_xsdt) {
        Octets octets{'R', 'S', 'D', ' ', 'P', 'T', 'R', ' ', 0, 'l', 'a', 'z', 'y', 'h', 'v'};
        append(octets, with_xsdt ? 2 : 0, 1);
        append(octets, with_xsdt ? 0 : rsdt, 4);
        octets[8] = missing(octets, 20);
        append(octets, 36, 4);
        append(octets, with_xsdt ? xsdt : 0, 8);
        append(octets, 0, 4);
        octets[32] = missing(octets, 36);
        put(rsdp, octets);
    }

    void put_tables(const Octets& madt_table, bool with_xsdt = true) {
        put_rsdp(with_xsdt);
        put(other, table("FACP", Octets(100)));
        put(madt_address, madt_table);
        Octets addresses;
        for (const std::uint64_t address : {other, madt_address})
            append(addresses, address, with_xsdt ? 8 : 4);
        put(with_xsdt ? xsdt : rsdt, table(with_xsdt ? "XSDT" : "RSDT", addresses));
    }

    ProcessorList find() { return find_processors(rsdp, boot, fake_memory_size); }

    void expect_only_boot_processor(const char* why) {
        const ProcessorList list = find();
        EXPECT_THAT(list.apic_ids, ElementsAre(boot)) << why;
        EXPECT_NE(list.problem, nullptr) << why;
    }

    Machine machine;
};

TEST_F(AcpiProcessors, BootProcessorFirstThenTheOthersInOrder) {
    for (const bool with_xsdt : {false, true}) {
        put_tables(madt({apic(2),
                         {1, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0},
                         apic(boot),
                         apic(0),
                         apic(6),
                         x2apic(0x1234)}),
                   with_xsdt);
        const ProcessorList list = find();
        EXPECT_THAT(list.apic_ids, ElementsAre(boot, 2, 0, 6, 0x1234));
        EXPECT_EQ(list.problem, nullptr);
    }
}

TEST_F(AcpiProcessors, OnlyEnabledOnesAndEachOnce) {
    put_tables(madt({apic(boot), apic(1, 0), apic(2, 2), apic(3, 3), x2apic(3), x2apic(boot),
                     apic(0xFF), x2apic(0xFFFFFFFF), x2apic(9, 0), x2apic(0xFF)}));
    EXPECT_THAT(find().apic_ids, ElementsAre(boot, 3, 0xFF));
}

TEST_F(AcpiProcessors, FixedHardware) {
    put_tables(madt({}));
    Octets fadt(244 + 12 - 36);
    const auto set = [&fadt](std::uint32_t offset, std::initializer_list<std::uint8_t> octets) {
        std::copy(octets.begin(), octets.end(), fadt.begin() + (offset - 36));
    };
    const auto find_ports = [&] {
        put(other, table("FACP", fadt));
        return find_fixed_hardware(rsdp, fake_memory_size);
    };
    set(48, {0xB2, 0, 0, 0, 0xF1, 0xF0});
    set(64, {0x04, 0xB0});
    FixedHardware found = find_ports();
    EXPECT_EQ(found.problem, nullptr);
    EXPECT_EQ(found.ports.smi_command, 0xB2);
    EXPECT_EQ(found.ports.acpi_enable, 0xF1);
    EXPECT_EQ(found.ports.acpi_disable, 0xF0);
    EXPECT_THAT(found.ports.power_management_control, ElementsAre(0xB004, 0));
    EXPECT_EQ(found.ports.reset, 0);
    set(112, {0, 4});                    // there is a reset register
    set(116, {1, 8, 0, 0, 0xF9, 0x0C});  // port 0xCF9
    set(172, {1, 16, 0, 0, 0x04, 0x06}); // PM1a_CNT: the extended address is the right one
    set(244, {0, 8, 0, 0, 0x00, 0x10, 0xD0, 0xFE}); // SLEEP_CONTROL_REG in memory
    found = find_ports();
    EXPECT_NE(found.problem, nullptr);
    EXPECT_EQ(found.ports.reset, 0xCF9);
    EXPECT_THAT(found.ports.power_management_control, ElementsAre(0x0604, 0));
    EXPECT_EQ(found.ports.sleep_control, 0);
    machine.word(rsdp) = 0;
    found = find_fixed_hardware(rsdp, fake_memory_size);
    EXPECT_NE(found.problem, nullptr);
    EXPECT_THAT(found.ports.power_management_control, ElementsAre(0, 0));
}

TEST_F(AcpiProcessors, PagesOfConfigurationSpace) {
    Chipset chipset;
    const auto find_pages = [&](const std::vector<Octets>& entries) {
        Octets content(8);
        for (const Octets& entry : entries)
            content.insert(content.end(), entry.begin(), entry.end());
        put_tables(table("MCFG", content));
        chipset.guarded_pages.clear();
        return find_guarded_pages(chipset, rsdp, fake_memory_size);
    };
    const auto entry = [](std::uint64_t base, std::uint16_t segment, std::uint8_t first) {
        Octets octets;
        append(octets, base, 8);
        append(octets, segment, 2);
        append(octets, first, 1);
        append(octets, 0xFF, 1);
        append(octets, 0, 4);
        return octets;
    };
    chipset.guarded.push_back({0, 0, 0xFF});         // the host bridge
    chipset.guarded.push_back({0xF800, 0x40, 0x47}); // 00:1f.0
    chipset.guarded.push_back({0xF800, 0xA0, 0xAF});
    chipset.guarded.push_back({0x0B00, 0x40, 0xFF}); // 00:01.3
    EXPECT_EQ(find_pages({entry(0xB0000000, 0, 0)}), nullptr);
    EXPECT_THAT(chipset.guarded_pages, ElementsAre(0xB0000000, 0xB00F8000, 0xB000B000));
    EXPECT_TRUE(chipset.guards(0xB000BFFF));
    EXPECT_FALSE(chipset.guards(0xB000C000));
    EXPECT_FALSE(chipset.guards(0xB000A000));
    EXPECT_EQ(find_pages({entry(0xC0000000, 1, 0), entry(0xD0000000, 0, 0x80)}), nullptr);
    EXPECT_TRUE(chipset.guarded_pages.empty());
    for (const std::uint64_t wrong : {std::uint64_t{0xB0000800}, 0 - std::uint64_t{0x100000}}) {
        EXPECT_NE(find_pages({entry(wrong, 0, 0)}), nullptr);
        EXPECT_TRUE(chipset.guarded_pages.empty());
    }
    EXPECT_NE(find_pages({entry(0xA0000000, 0, 0), entry(0xB0000000, 0, 0), entry(0, 0, 0)}),
              nullptr);
    Octets cut = entry(0xB0000000, 0, 0);
    cut.pop_back();
    EXPECT_EQ(find_pages({cut}), nullptr);
    EXPECT_TRUE(chipset.guarded_pages.empty());
    put_tables(madt({}));
    EXPECT_EQ(find_guarded_pages(chipset, rsdp, fake_memory_size), nullptr);
}

TEST_F(AcpiProcessors, AsManyAsThereCanBeVcpus) {
    std::vector<Octets> entries;
    for (std::uint32_t id = 100; id < 100 + abi::max_vcpus - 1; ++id)
        entries.push_back(x2apic(id));
    put_tables(madt(entries));
    EXPECT_EQ(find().apic_ids.size(), abi::max_vcpus);
    EXPECT_EQ(find().problem, nullptr);
    entries.push_back(x2apic(7));
    put_tables(madt(entries));
    EXPECT_EQ(find().apic_ids.size(), abi::max_vcpus);
    EXPECT_EQ(find().apic_ids.back(), 100 + abi::max_vcpus - 2);
    EXPECT_NE(find().problem, nullptr);
}

TEST_F(AcpiProcessors, WithoutTablesThereIsTheBootProcessor) {
    const ProcessorList none = find_processors(0, boot, fake_memory_size);
    EXPECT_THAT(none.apic_ids, ElementsAre(boot));
    EXPECT_NE(none.problem, nullptr);
    expect_only_boot_processor("memory is all zero");
    put_rsdp(true);
    expect_only_boot_processor("no XSDT");
    put(xsdt, table("XSDT", {}));
    expect_only_boot_processor("an empty XSDT");
}

TEST_F(AcpiProcessors, EveryByteIsUnderAChecksum) {
    const Octets whole = madt({apic(boot), apic(1)});
    for (const std::uint64_t broken : {rsdp, xsdt, madt_address}) {
        const std::uint32_t size =
            broken == madt_address ? static_cast<std::uint32_t>(whole.size()) : 36;
        for (std::uint32_t offset = 0; offset < size; ++offset) {
            put_tables(whole);
            ++*direct_pointer(broken + offset);
            expect_only_boot_processor("one byte changed");
        }
    }
}

TEST_F(AcpiProcessors, AddressesOutOfReach) {
    put_tables(madt({apic(boot), apic(1)}));
    for (const std::uint64_t end : {std::uint64_t{0}, rsdp + 10, rsdp + 30, xsdt + 8, xsdt + 40,
                                    madt_address + 8, madt_address + 45})
        EXPECT_THAT(find_processors(rsdp, boot, end).apic_ids, ElementsAre(boot)) << end;
    EXPECT_EQ(find_processors(~std::uint64_t{3}, boot, fake_memory_size).apic_ids.size(), 1U);
    Octets addresses;
    append(addresses, ~std::uint64_t{0}, 8);
    append(addresses, fake_memory_size - 8, 8);
    append(addresses, madt_address, 8);
    put(xsdt, table("XSDT", addresses));
    EXPECT_THAT(find().apic_ids, ElementsAre(boot, 1)) << "other tables may lie anywhere";
}

TEST_F(AcpiProcessors, EntriesThatMakeNoSense) {
    put_tables(madt({apic(1), {200, 0}, apic(2)}));
    expect_only_boot_processor("of no length");
    put_tables(madt({apic(1), {200, 1}, apic(2)}));
    expect_only_boot_processor("shorter than its length");
    put_tables(madt({apic(1), {0, 8, 0}}));
    expect_only_boot_processor("cut off");
    put_tables(madt({apic(1), {5}}));
    expect_only_boot_processor("a lone byte");
    put_tables(madt({apic(1), {0, 4, 0, 2}, apic(3)}));
    expect_only_boot_processor("too short for its type");
    put_tables(table("APIC", {1, 2, 3}));
    EXPECT_THAT(find().apic_ids, ElementsAre(boot)) << "shorter than its header: no entries";
}

// Lengths that lie, with checksums that do not.
TEST_F(AcpiProcessors, RandomTablesNeverBreakIt) {
    std::mt19937 random{1};
    for (int round = 0; round < 20000; ++round) {
        Octets content(random() % 200);
        for (std::uint8_t& octet : content)
            octet = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : random() % 18);
        Octets octets = table("APIC", content);
        if (random() % 4 == 0) {
            octets[4 + random() % 4] = static_cast<std::uint8_t>(random());
            octets[9] = 0;
            octets[9] = missing(octets, octets.size());
        }
        put_tables(octets, random() % 2 == 0);
        EXPECT_EQ(find().apic_ids.front(), boot);
    }
}

} // namespace
} // namespace hv::test
