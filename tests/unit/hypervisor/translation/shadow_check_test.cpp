// The consistency checker finds each kind of damage.

#include "tests/unit/cases/classic_case.h"

namespace hv::test {
namespace {

class ShadowCheck : public ClassicCase {
  protected:
    const std::uint64_t gpa = map_page(page, 7);

    ShadowCheck() {
        fault(page, write);
        machine.map(machine.root, 0x40000000, 0, 0);
        machine.word(guest_entry(0x40200000, 2)) = 0x800000 | 0x87;
        fault(0x40200000, write);
        EXPECT_TRUE(shadows.consistent());
    }
    std::uint64_t& shadow_word(std::uint64_t linear, int level) {
        std::uint64_t table = machine.fields[Field::guest_cr3];
        for (int current = 4; current > level; --current)
            table = machine.word(table + FourLevelPaging::index(linear, current) * 8) &
                    paging::address_mask;
        return machine.word(table + FourLevelPaging::index(linear, level) * 8);
    }
    void expect_found(const std::string& what = "stands for") {
        machine.console.clear();
        EXPECT_FALSE(shadows.consistent());
        EXPECT_NE(machine.console.find(what), std::string::npos) << machine.console;
    }
};

TEST_F(ShadowCheck, AnotherPage) {
    shadow_word(page, 1) += page_size;
    expect_found();
}

TEST_F(ShadowCheck, MoreRights) {
    shadow_word(page, 1) ^= paging::global;
    expect_found();
    shadow_word(page, 1) ^= paging::global;
    EXPECT_TRUE(shadows.consistent());
    machine.word(guest_entry(page, 1)) &= ~paging::writable; // behind the monitor's back
    expect_found();
}

TEST_F(ShadowCheck, AnEntryThatIsNotThere) {
    machine.word(guest_entry(page, 1)) = 0;
    expect_found();
}

TEST_F(ShadowCheck, AnotherTable) {
    shadow_word(page, 2) = (shadow_word(page, 2) & ~paging::address_mask) |
                           (shadow_word(page, 3) & paging::address_mask);
    expect_found();
}

TEST_F(ShadowCheck, MoreRightsAbove) {
    shadow_word(page, 3) ^= paging::execute_disable;
    expect_found();
}

TEST_F(ShadowCheck, TheWrongPartOfALargePage) {
    shadow_word(0x40201000, 1) += page_size;
    expect_found();
}

TEST_F(ShadowCheck, AWritableEntryInNoList) {
    frame(gpa).mappings = 0;
    expect_found("in lists");
}

TEST_F(ShadowCheck, AProtectedPageThatIsWritable) {
    ++frame(gpa).write_locks;
    expect_found();
}

} // namespace
} // namespace hv::test
