// docs/hostile.md says what guest/hostile/attack_list.h says: its table is rendered here and
// compared.

#include "guest/hostile/attack_list.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>

namespace {

using guest::hostile::attack_list;
using guest::hostile::AttackInfo;
using guest::hostile::Kind;

/// Everything after this line is generated; what is before it is written by hand.
constexpr std::string_view marker = "<!-- Generated from guest/hostile/attack_list.h -->\n";

const std::string page_path = LAZYHV_SOURCE_DIR "/docs/hostile.md";
const std::string expected_path = LAZYHV_BINARY_DIR "/hostile.md";

std::string cell(std::string_view text) { return " " + std::string(text) + " |"; }

std::string_view ending(Kind kind) {
    switch (kind) {
    case Kind::survived:
        return "goes on";
    case Kind::two_processors:
        return "goes on; two processors";
    case Kind::stops:
        return "is stopped";
    case Kind::resets:
        return "resets the machine";
    }
    return "?";
}

std::string profiles(const AttackInfo& attack) {
    std::string names;
    for (const abi::Profile profile :
         {abi::Profile::classic, abi::Profile::hardened, abi::Profile::modern})
        if (attack.is_made_on(profile))
            names += (names.empty() ? "" : ", ") + std::string(abi::name(profile));
    return names;
}

std::string render_table() {
    std::string table =
        "| attack | what it does | what it is told | the guest | profiles | as in |\n"
        "|---|---|---|---|---|---|\n";
    for (const AttackInfo& attack : attack_list)
        table += "|" + cell("`" + std::string(attack.name) + "`") + cell(attack.does) +
                 cell(attack.told) + cell(ending(attack.kind)) + cell(profiles(attack)) +
                 cell(attack.like) + "\n";
    return table;
}

TEST(HostilePage, HasTheTableOfAttacks) {
    std::ifstream stream(page_path);
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    const std::size_t found = page.find(marker);
    ASSERT_NE(found, std::string::npos) << page_path << " has no line\n" << marker;

    const std::string expected = page.substr(0, found + marker.size()) + "\n" + render_table();
    std::ofstream(expected_path) << expected;
    EXPECT_TRUE(page == expected)
        << "docs/hostile.md is not what guest/hostile/attack_list.h says. What it should be is "
           "written; look at it and take it over:\n  diff "
        << page_path << " " << expected_path << "\n  cp " << expected_path << " " << page_path;
}

/// Every advisory that the page names as a source has an attack, or is said to have none.
TEST(HostilePage, NamesEachSourceThatAnAttackNames) {
    std::ifstream stream(page_path);
    const std::string page{std::istreambuf_iterator<char>(stream), {}};
    const std::string by_hand = page.substr(0, page.find(marker));
    for (const AttackInfo& attack : attack_list) {
        std::string_view like = attack.like;
        while (!like.empty()) {
            const std::string_view one = like.substr(0, like.find(", "));
            EXPECT_NE(by_hand.find(one), std::string::npos) << attack.name << " names " << one;
            like.remove_prefix(std::min(like.size(), one.size() + 2));
        }
    }
}

TEST(HostilePage, NoTwoAttacksHaveOneName) {
    std::set<std::string_view> names;
    for (const AttackInfo& attack : attack_list)
        EXPECT_TRUE(names.insert(attack.name).second) << attack.name;
}

} // namespace
