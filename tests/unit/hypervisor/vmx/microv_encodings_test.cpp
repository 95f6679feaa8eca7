// Our VMCS encodings against a Bareflank MicroV checkout, when CMake was given one
// (LAZYHV_MICROV_DIR).
//
// Two shapes of header are known. Since 2020: constants of the kernel's vmcs_t.hpp,
//     constexpr auto VMCS_GUEST_RIP{0x681E_umax};
// and before, one namespace a field, in files under a folder vmcs/:
//     namespace guest_rip { constexpr const auto addr = 0x000000000000681EULL; ...

#ifdef LAZYHV_MICROV_DIR

#include "tests/unit/cases/vmcs_field_names.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <span>
#include <string_view>

namespace hv::test {
namespace {

constexpr std::string_view prefix = "VMCS_";
// VMCS_ constants that are no encodings.
const std::set<std::string> no_fields{"VMCS_UNUSABLE_SEGMENT"};

using Tokens = std::span<const std::string>;

bool starts_with(Tokens tokens, std::initializer_list<std::string_view> words) {
    return tokens.size() > words.size() + 3 &&
           std::equal(words.begin(), words.end(), tokens.begin());
}

// "constexpr auto VMCS_X{0x0000_umax}", also with = or (, and "#define VMCS_X 0x0000".
std::optional<ForeignField> constant(Tokens tokens) {
    if (!starts_with(tokens, {"constexpr", "auto"}) && !starts_with(tokens, {"#", "define"}))
        return std::nullopt;
    const std::string& name = tokens[2];
    const auto encoding = hexadecimal(tokens[3]) ? hexadecimal(tokens[3]) : hexadecimal(tokens[4]);
    if (!name.starts_with(prefix) || no_fields.contains(name) || !encoding)
        return std::nullopt;
    return ForeignField{name.substr(prefix.size()), *encoding};
}

// "namespace x { constexpr const auto addr = 0x0000ULL;", with or without const.
std::optional<ForeignField> field_namespace(Tokens tokens) {
    if (!starts_with(tokens, {"namespace"}) || !starts_with(tokens.subspan(2), {"{", "constexpr"}))
        return std::nullopt;
    Tokens rest = tokens.subspan(4);
    if (starts_with(rest, {"const"}))
        rest = rest.subspan(1);
    if (!starts_with(rest, {"auto", "addr", "="}))
        return std::nullopt;
    const auto encoding = hexadecimal(rest[3]);
    return encoding ? std::optional{ForeignField{tokens[1], *encoding}} : std::nullopt;
}

std::vector<ForeignField> microv_fields(const std::filesystem::path& checkout) {
    std::vector<ForeignField> fields;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{checkout}) {
        const std::string extension = entry.path().extension();
        if (!entry.is_regular_file() || (extension != ".h" && extension != ".hpp"))
            continue;
        const std::vector<std::string> tokens = read_tokens(entry.path());
        // Other files use the same prefix for bits of controls.
        const bool constants =
            std::find(tokens.begin(), tokens.end(), "VMCS_GUEST_RIP") != tokens.end();
        const bool namespaces = entry.path().parent_path().filename() == "vmcs";
        for (std::size_t i = 0; i < tokens.size() && (constants || namespaces); ++i) {
            const Tokens rest = Tokens{tokens}.subspan(i);
            const auto field = constants ? constant(rest) : field_namespace(rest);
            if (field)
                fields.push_back(*field);
        }
    }
    return fields;
}

TEST(VmcsEncodings, AgreeWithMicroV) {
    const std::filesystem::path checkout{LAZYHV_MICROV_DIR};
    ASSERT_TRUE(std::filesystem::is_directory(checkout)) << checkout;
    const std::vector<ForeignField> fields = microv_fields(checkout);
    EXPECT_GT(fields.size(), 100U)
        << "no Intel header with VMCS encodings in a known shape under " << checkout;
    expect_same_fields(fields);
}

} // namespace
} // namespace hv::test

#endif
