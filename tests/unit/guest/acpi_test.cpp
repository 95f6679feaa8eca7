#include "guest/kernel/boot/acpi.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace {

using guest::acpi::find_processors;
using guest::acpi::ProcessorList;

/// Memory from `base` on, as firmware leaves it.
constexpr std::uint64_t base = 0x0FFF0000;
std::array<std::uint8_t, 0x4000> memory;

const std::uint8_t* readable(std::uint64_t physical, std::uint64_t size) {
    if (physical < base || size > memory.size() || physical - base > memory.size() - size)
        return nullptr;
    return memory.data() + (physical - base);
}

constexpr std::uint64_t rsdp = base;
constexpr std::uint64_t rsdt = base + 0x100;
constexpr std::uint64_t xsdt = base + 0x200;
constexpr std::uint64_t madt = base + 0x1000;

template <typename T>
void put(std::vector<std::uint8_t>& bytes, T value) {
    const auto* const from = reinterpret_cast<const std::uint8_t*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof(T));
}

void make_sum_zero(std::uint8_t* bytes, std::size_t size, std::size_t at) {
    bytes[at] = 0;
    std::uint8_t sum = 0;
    for (std::size_t i = 0; i < size; ++i)
        sum = static_cast<std::uint8_t>(sum + bytes[i]);
    bytes[at] = static_cast<std::uint8_t>(-sum);
}

void put_table(std::uint64_t at, std::string_view signature,
               const std::vector<std::uint8_t>& body) {
    std::uint8_t* const table = memory.data() + (at - base);
    const auto length = static_cast<std::uint32_t>(36 + body.size());
    std::memcpy(table, signature.data(), signature.size());
    std::memcpy(table + 4, &length, sizeof(length));
    std::memcpy(table + 36, body.data(), body.size());
    make_sum_zero(table, length, 9);
}

class GuestAcpi : public testing::Test {
  protected:
    void SetUp() override {
        memory.fill(0);
        put_root(0);
        std::vector<std::uint8_t> tables;
        put(tables, static_cast<std::uint32_t>(base + 0x3000)); // none there
        put(tables, static_cast<std::uint32_t>(madt));
        put_table(rsdt, "RSDT", tables);
        put(entries, std::uint64_t{0xFEE00000}); // address and flags
    }

    static void put_root(std::uint8_t revision) {
        std::uint8_t* const root = memory.data();
        const auto rsdt_address = static_cast<std::uint32_t>(rsdt);
        std::memcpy(root, "RSD PTR ", 8);
        root[15] = revision;
        std::memcpy(root + 16, &rsdt_address, sizeof(rsdt_address));
        std::memcpy(root + 24, &xsdt, sizeof(xsdt));
        make_sum_zero(root, 20, 8);
    }

    void local_apic(std::uint8_t id, std::uint32_t flags) {
        put(entries, std::array<std::uint8_t, 4>{0, 8, 0, id});
        put(entries, flags);
    }
    void local_x2apic(std::uint32_t id, std::uint32_t flags) {
        put(entries, std::array<std::uint8_t, 4>{9, 16, 0, 0});
        put(entries, std::array<std::uint32_t, 3>{id, flags, 0});
    }

    ProcessorList find(std::uint32_t boot) {
        put_table(madt, "APIC", entries);
        return find_processors(rsdp, boot, readable);
    }

    std::vector<std::uint8_t> entries;
};

TEST_F(GuestAcpi, SleepPort) {
    EXPECT_EQ(guest::acpi::find_sleep_port(rsdp, readable), 0);
    std::vector<std::uint8_t> body(40);
    body[64 - 36] = 0x04;
    body[65 - 36] = 0xB0;
    put_table(madt, "FACP", body);
    EXPECT_EQ(guest::acpi::find_sleep_port(rsdp, readable), 0xB004);
    put_table(madt, "FACP", std::vector<std::uint8_t>(30)); // it ends before
    EXPECT_EQ(guest::acpi::find_sleep_port(rsdp, readable), 0);
}

TEST_F(GuestAcpi, BootProcessorFirstOthersInOrderOfTheTable) {
    local_apic(4, 1);
    local_apic(2, 1);
    put(entries, std::array<std::uint8_t, 12>{1, 12}); // an I/O APIC
    local_apic(6, 0);                                  // not enabled
    local_x2apic(0x100, 1);
    local_apic(0, 1);
    const ProcessorList list = find(2);
    ASSERT_EQ(list.count, 4U);
    EXPECT_EQ(list.apic_id[0], 2U);
    EXPECT_EQ(list.apic_id[1], 4U);
    EXPECT_EQ(list.apic_id[2], 0x100U);
    EXPECT_EQ(list.apic_id[3], 0U);
}

TEST_F(GuestAcpi, NamedTwiceIsOneProcessor) {
    local_apic(0, 1);
    local_apic(1, 1);
    local_x2apic(1, 1);
    EXPECT_EQ(find(0).count, 2U);
}

TEST_F(GuestAcpi, NoMoreThanTheKernelHasPlaceFor) {
    for (std::uint8_t id = 0; id < 32; ++id)
        local_apic(id, 1);
    EXPECT_EQ(find(0).count, guest::acpi::max_processors);
}

TEST_F(GuestAcpi, ByXsdtWhereTheRsdpHasOne) {
    local_apic(0, 1);
    local_apic(1, 1);
    std::vector<std::uint8_t> tables;
    put(tables, madt);
    put_table(xsdt, "XSDT", tables);
    memory[rsdt - base] = 0;
    put_root(2);
    EXPECT_EQ(find(0).count, 2U);
}

TEST_F(GuestAcpi, ByRsdtWhereTheXsdtIsNone) {
    local_apic(0, 1);
    local_apic(1, 1);
    put_root(2);
    EXPECT_EQ(find(0).count, 2U);
}

TEST_F(GuestAcpi, NoRsdpIsOneProcessor) {
    local_apic(0, 1);
    local_apic(1, 1);
    put_table(madt, "APIC", entries);
    EXPECT_EQ(find_processors(0, 5, readable).count, 1U);
    EXPECT_EQ(find_processors(0, 5, readable).apic_id[0], 5U);
    EXPECT_EQ(find_processors(base + 0x3000, 5, readable).count, 1U);
    EXPECT_EQ(find_processors(~std::uint64_t{0}, 5, readable).count, 1U);
}

TEST_F(GuestAcpi, WrongSumsAreNoTables) {
    local_apic(0, 1);
    local_apic(1, 1);
    ASSERT_EQ(find(0).count, 2U);
    for (const std::uint64_t table : {rsdp + 9, rsdt + 10, madt + 10}) {
        ++memory[table - base];
        EXPECT_EQ(find_processors(rsdp, 0, readable).count, 1U) << std::hex << table;
        --memory[table - base];
    }
}

TEST_F(GuestAcpi, ATableThatDoesNotNameTheBootProcessorIsNotBelieved) {
    local_apic(1, 1);
    local_apic(2, 1);
    const ProcessorList list = find(0);
    EXPECT_EQ(list.count, 1U);
    EXPECT_EQ(list.apic_id[0], 0U);
}

TEST_F(GuestAcpi, EntriesEndWhereTheyMakeNoSense) {
    for (const std::uint8_t size : std::array<std::uint8_t, 3>{0, 1, 200}) {
        entries.resize(8);
        local_apic(0, 1);
        local_apic(1, 1);
        put(entries, std::array<std::uint8_t, 2>{0, size});
        put(entries, std::array<std::uint8_t, 6>{0, 2, 1});
        EXPECT_EQ(find(0).count, 2U) << int{size};
    }
}

/// Lengths that reach beyond what can be read, or are no lengths.
TEST_F(GuestAcpi, NothingIsReadBeyondTheEnd) {
    local_apic(0, 1);
    local_apic(1, 1);
    put_table(madt, "APIC", entries);
    for (const std::uint64_t table : {rsdt, madt})
        for (const std::uint32_t length : {0U, 35U, 0x3FFFU, 0x10000U, 0x10001U, 0xFFFFFFFFU}) {
            std::array<std::uint8_t, 4> kept{};
            std::memcpy(kept.data(), memory.data() + (table - base) + 4, 4);
            std::memcpy(memory.data() + (table - base) + 4, &length, 4);
            EXPECT_EQ(find_processors(rsdp, 0, readable).count, 1U) << length;
            std::memcpy(memory.data() + (table - base) + 4, kept.data(), 4);
        }
}

} // namespace
