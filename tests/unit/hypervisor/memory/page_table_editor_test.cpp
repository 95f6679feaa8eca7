// The editor of 4-level tables, over page tables and over EPT.

#include "hypervisor/memory/page_table_editor.h"
#include "hypervisor/translation/ept.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace hv::test {
namespace {

/// Memory of its own, of which each test's allocator hands out the pages from 1 on.
class EditorMemory : public ::testing::Test {
  protected:
    static constexpr std::uint64_t memory_pages = 32;

    EditorMemory() { direct_map_origin = memory_.data()->data(); }
    ~EditorMemory() override { direct_map_origin = nullptr; }
    EditorMemory(const EditorMemory&) = delete;
    EditorMemory& operator=(const EditorMemory&) = delete;

    static std::uint64_t word(std::uint64_t physical) {
        return direct_word<std::uint64_t>(physical);
    }
    static void set_word(std::uint64_t physical, std::uint64_t value) {
        direct_word<std::uint64_t>(physical) = value;
    }

    PageAllocator pages{page_size, memory_pages* page_size};

  private:
    struct alignas(page_size) Page : std::array<std::uint8_t, page_size> {};
    std::vector<Page> memory_ = std::vector<Page>(memory_pages);
};

/// Index 1 at level 4, 2 at level 3, 3 at level 2, 4 at level 1.
constexpr std::uint64_t linear = 0x80'8060'4567;

template <typename Format>
class PageTableEditorTest : public EditorMemory {
  protected:
    std::uint64_t root = pages.take();
    PageTableEditor<Format> editor{root};
};

using Formats = ::testing::Types<MonitorPaging, EptFormat>;
TYPED_TEST_SUITE(PageTableEditorTest, Formats);

TYPED_TEST(PageTableEditorTest, WhatIsMissingEndsTheDescent) {
    const auto place = this->editor.find(linear, 1);
    EXPECT_EQ(place.address, this->root + 8);
    EXPECT_EQ(place.level, 4);
    EXPECT_EQ(this->word(this->root + 8), 0U); // finding makes nothing
}

TYPED_TEST(PageTableEditorTest, MakesWhatIsMissingOnce) {
    const std::uint64_t left = this->pages.pages_left();
    const std::uint64_t entry = this->editor.make(linear, 1, this->pages);
    EXPECT_EQ(this->pages.pages_left(), left - 3);
    std::uint64_t table = this->root;
    for (const std::uint64_t offset : {8, 16, 24}) {
        const std::uint64_t link = this->word(table + offset);
        EXPECT_EQ(link & ~paging::address_mask, TypeParam::link_bits);
        table = link & paging::address_mask;
    }
    EXPECT_EQ(entry, table + 32);
    EXPECT_EQ(this->editor.make(linear, 1, this->pages), entry);
    EXPECT_EQ(this->editor.make(linear + page_size, 1, this->pages), entry + 8);
    EXPECT_EQ(this->pages.pages_left(), left - 3);
    EXPECT_EQ(this->editor.find(linear, 1).address, entry);
    EXPECT_EQ(this->editor.find(linear, 1).level, 1);
}

TYPED_TEST(PageTableEditorTest, ADescentEndsAtTheLevelThatWasAskedFor) {
    const std::uint64_t leaf = this->editor.make(linear, 1, this->pages);
    const auto place = this->editor.find(linear, 2);
    EXPECT_EQ(place.level, 2);
    EXPECT_EQ(this->word(place.address) & paging::address_mask, align_down(leaf, page_size));
    EXPECT_EQ(this->editor.make(linear, 2, this->pages), place.address);
}

TYPED_TEST(PageTableEditorTest, ALargePageEndsTheDescent) {
    const std::uint64_t entry = this->editor.make(linear, 2, this->pages);
    this->set_word(entry, 0x40000000 | 3 | paging::page_size);
    EXPECT_EQ(this->editor.find(linear, 1).address, entry);
    EXPECT_EQ(this->editor.find(linear, 1).level, 2);
    EXPECT_EQ(this->editor.make(linear, 2, this->pages), entry);
    EXPECT_EQ(this->word(entry), 0x40000000U | 3 | paging::page_size); // still whole
}

TYPED_TEST(PageTableEditorTest, ASplitPageMapsTheSame) {
    const std::uint64_t entry = this->editor.make(linear, 2, this->pages);
    // Bits 3 to 5 are an EPT entry's memory type, bits of caching and use in a page table.
    constexpr std::uint64_t kept = 1 | 6 << 3;
    this->set_word(entry, 0x40000000 | kept | paging::page_size);
    const std::uint64_t small = this->editor.make(linear, 1, this->pages);
    ASSERT_NE(small, 0U);
    const std::uint64_t link = this->word(entry);
    EXPECT_EQ(link & ~paging::address_mask, TypeParam::link_bits);
    const std::uint64_t table = link & paging::address_mask;
    EXPECT_EQ(small, table + 32);
    for (std::uint64_t slot = 0; slot < paging::entries; ++slot)
        ASSERT_EQ(this->word(table + slot * 8), 0x40000000 + slot * page_size + kept);
}

TYPED_TEST(PageTableEditorTest, RunsOutOfPagesWithoutHarm) {
    const std::uint64_t entry = this->editor.make(linear, 2, this->pages);
    constexpr std::uint64_t large = 0x40000000 | 3 | paging::page_size;
    this->set_word(entry, large);
    while (this->pages.take() != 0) {
    }
    EXPECT_EQ(this->editor.make(linear, 1, this->pages), 0U);
    EXPECT_EQ(this->word(entry), large);
    EXPECT_EQ(this->editor.make(0, 1, this->pages), 0U);
    EXPECT_EQ(this->word(this->root), 0U);
}

// Bit 7 of an entry of level 1 is PAT in a page table, and ignored in EPT.
TYPED_TEST(PageTableEditorTest, ASmallPageIsNotTakenForALargeOne) {
    const std::uint64_t entry = this->editor.make(linear, 1, this->pages);
    this->set_word(entry, 0x5000 | 1 | paging::pat);
    EXPECT_EQ(this->editor.find(linear, 1).address, entry);
    EXPECT_EQ(this->editor.make(linear, 1, this->pages), entry);
}

using MonitorPagingSplit = PageTableEditorTest<MonitorPaging>;

// SDM vol. 3, tables 4-18 and 4-20: bit 12 of a large page, bit 7 of a small one.
TEST_F(MonitorPagingSplit, ThePatBitMoves) {
    const std::uint64_t entry = editor.make(linear, 2, pages);
    set_word(entry, 0x40000000 | 3 | paging::large_pat | paging::page_size);
    const std::uint64_t small = editor.make(linear, 1, pages);
    EXPECT_EQ(word(small), 0x40004000U | 3 | paging::pat);
}

class CopyPath : public PageTableEditorTest<MonitorPaging> {
  protected:
    std::uint64_t leaf = editor.make(linear, 1, pages);
    std::array<std::uint64_t, 4> copies{pages.take(), pages.take(), pages.take(), pages.take()};

    void SetUp() override {
        set_word(leaf, 0x5000 | 7);
        set_word(root + 0x800, 0x6000 | 7); // beside the path, at the top
        set_word(leaf + 8, 0x7000 | 5);     // and at the bottom
        set_word(root + 8, word(root + 8) | paging::user | paging::execute_disable);
    }
};

TEST_F(CopyPath, LeadsThroughTheCopies) {
    const std::uint64_t entry = copy_path(root, linear, copies);
    EXPECT_EQ(entry, copies[3] + 32);
    EXPECT_EQ(word(entry), 0x5000U | 7);
    EXPECT_EQ(word(copies[0] + 8),
              copies[1] | MonitorPaging::link_bits | paging::user | paging::execute_disable);
    EXPECT_EQ(word(copies[1] + 16), copies[2] | MonitorPaging::link_bits);
    EXPECT_EQ(word(copies[2] + 24), copies[3] | MonitorPaging::link_bits);
    EXPECT_EQ(PageTableEditor<MonitorPaging>{copies[0]}.find(linear, 1).address, entry);
}

TEST_F(CopyPath, KeepsWhatLiesBesideIt) {
    const std::uint64_t before = word(root + 8);
    copy_path(root, linear, copies);
    EXPECT_EQ(word(copies[0] + 0x800), 0x6000U | 7);
    EXPECT_EQ(word(copies[3] + 40), 0x7000U | 5);
    EXPECT_EQ(word(root + 8), before); // the original leads where it led
    EXPECT_EQ(word(leaf), 0x5000U | 7);
}

TEST_F(CopyPath, EndsAtALargePageOrAtNothing) {
    const std::uint64_t directory_entry = editor.find(linear, 2).address;
    EXPECT_EQ(copy_path(root, linear + large_page_size, copies), 0U);
    set_word(directory_entry, 0x40000000 | 3 | paging::page_size);
    EXPECT_EQ(copy_path(root, linear, copies), 0U);
    EXPECT_EQ(copy_path(root, 0, copies), 0U);
}

} // namespace
} // namespace hv::test
